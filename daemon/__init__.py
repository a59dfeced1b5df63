"""What keeps running: queue, scheduler, folder watch, worker supervision, server.

The daemon computes nothing itself. It decides what runs when (`daemon.schedule`), remembers it
(`daemon.store`), starts worker processes that outlive it (`daemon.supervise`) and answers clients
(`daemon.server`).
"""
