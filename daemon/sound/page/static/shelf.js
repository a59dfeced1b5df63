/**
 * Takes that the daemon does not have yet, in this browser's own database.
 *
 * `takes` holds for each key whose take of what it is, and once it has ended its `end`: {"dropped",
 * "late", "wanted"}; `pieces` holds its samples by key and by the bytes before them. Nothing of a
 * take is removed before the daemon has made the take of it.
 */

import { joined } from "/samples.js";

const NAME = "yinfang";
const ALL = Infinity;

export class Shelf {
  #database;

  constructor(database) {
    this.#database = database;
  }

  /** Open the database; rejects where the browser keeps none. */
  static async open() {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("takes", { keyPath: "key" });
      request.result.createObjectStore("pieces", { keyPath: ["key", "offset"] });
    };
    return new Shelf(await answer(request));
  }

  /** A take begins. */
  async begin(take) {
    await this.#write((stores) => stores.takes.add(take));
  }

  /** Samples of a take, behind `offset` bytes. */
  async append(key, offset, bytes) {
    await this.#write((stores) => stores.pieces.put({ key, offset, bytes }));
  }

  /** Nothing more comes of a take; it stays ended as it was first. */
  async end(key, end) {
    await this.#write((stores) => {
      stores.takes.get(key).onsuccess = ({ target: { result: take } }) => {
        if (take && !take.end) stores.takes.put({ ...take, end });
      };
    });
  }

  /** Forget a take. */
  async remove(key) {
    await this.#write((stores) => {
      stores.takes.delete(key);
      stores.pieces.delete(IDBKeyRange.bound([key, 0], [key, ALL]));
    });
  }

  /** All takes, the oldest first. */
  async takes() {
    const takes = await answer(this.#read("takes").getAll());
    return takes.sort((one, other) => one.made - other.made);
  }

  async take(key) {
    return answer(this.#read("takes").get(key));
  }

  /** Bytes of a take that are here. */
  async size(key) {
    const pieces = this.#read("pieces");
    const last = await answer(pieces.openCursor(IDBKeyRange.bound([key, 0], [key, ALL]), "prev"));
    return last ? last.value.offset + last.value.bytes.length : 0;
  }

  /** Bytes of a take from `offset` on, `most` of them. */
  async read(key, offset, most = ALL) {
    const pieces = this.#read("pieces");
    const before = IDBKeyRange.bound([key, 0], [key, offset]);
    const first = await answer(pieces.openKeyCursor(before, "prev"));
    if (!first) return new Uint8Array(0);
    const parts = [];
    let wanted = most;
    const found = pieces.openCursor(IDBKeyRange.bound(first.key, [key, ALL]));
    for (let at = await answer(found); at && wanted > 0; at = await next(found, at)) {
      const skipped = Math.max(0, offset - at.value.offset);
      const part = at.value.bytes.subarray(skipped, skipped + wanted);
      parts.push(part);
      wanted -= part.length;
    }
    return joined(parts);
  }

  #read(store) {
    return this.#database.transaction(store).objectStore(store);
  }

  async #write(change) {
    const transaction = this.#database.transaction(["takes", "pieces"], "readwrite");
    const stores = { takes: transaction.objectStore("takes"), pieces: transaction.objectStore("pieces") };
    change(stores);
    await new Promise((done, failed) => {
      transaction.oncomplete = done;
      transaction.onabort = () => failed(transaction.error ?? new Error("the browser's disk is full"));
    });
  }
}

function answer(request) {
  return new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
}

function next(request, cursor) {
  const moved = answer(request);
  cursor.continue();
  return moved;
}
