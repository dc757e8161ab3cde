// What the suites of Kudu share.

import dns from "node:dns";
import { crc32 } from "node:zlib";

// Names below localhost are this machine (RFC 6761), also where the system does not know that.
const lookup = dns.lookup;
dns.lookup = (name, options, done) =>
  lookup(String(name).endsWith(".localhost") ? "127.0.0.1" : name, options, done);

/** A zip that holds its files as they are. */
export function zip(files) {
  const [local, central] = [[], []];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const [path, data] = [Buffer.from(name), Buffer.from(text)];
    const head = Buffer.alloc(26);
    head.writeUInt16LE(20, 0);
    head.writeUInt32LE(crc32(data), 10);
    head.writeUInt32LE(data.length, 14);
    head.writeUInt32LE(data.length, 18);
    head.writeUInt16LE(path.length, 22);
    local.push(Buffer.from("PK\x03\x04", "latin1"), head, path, data);
    const entry = Buffer.alloc(16);
    entry.writeUInt32LE(offset, 12);
    central.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), head, entry.subarray(2), path);
    offset += 4 + head.length + path.length + data.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  const count = Object.keys(files).length;
  end.writeUInt16LE(count, 4);
  end.writeUInt16LE(count, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...local, directory, Buffer.from("PK\x05\x06", "latin1"), end]);
}
