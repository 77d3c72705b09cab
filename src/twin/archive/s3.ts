import { createHash } from "node:crypto";
import { bytesOf, type TwinAnswer } from "../answer.ts";

export const XML = '<?xml version="1.0" encoding="UTF-8"?>\n';
export const XML_TYPE = "application/xml";

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export const tag = (name: string, text: string): string =>
  `<${name}>${text.replace(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign)}</${name}>`;

/** Opaque, as it is to clients: of the key, since a file stays what it is once it is there. */
export const etagOf = (key: string): string => `"${createHash("md5").update(key).digest("hex")}"`;

/** The way a bucket says no. */
export const s3Error = (
  status: number,
  code: string,
  message: string,
  parts: Readonly<Record<string, string>> = {},
): TwinAnswer => ({
  status,
  headers: { "content-type": XML_TYPE },
  body: bytesOf(
    `${XML}<Error>${tag("Code", code)}${tag("Message", message)}${Object.entries(parts)
      .map(([name, text]) => tag(name, text))
      .join("")}<RequestId>CANDLELAKETWIN00</RequestId></Error>`,
  ),
});

export const noSuchKey = (key: string): TwinAnswer =>
  s3Error(404, "NoSuchKey", "The specified key does not exist.", { Key: key });
