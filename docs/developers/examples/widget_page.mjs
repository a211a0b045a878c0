// A shop whose page shows the hosted widget in a frame: it asks for an address, and opens it.
//
//   LAUREL=https://laurel.example INTEGRATION_KEY=ik_live_… PORT=8080 node widget_page.mjs customer-42
//
// The shop's origin, such as http://127.0.0.1:8080, has to be one that the business allows. It needs nothing but Node.

import { createServer } from "node:http";

const { LAUREL, INTEGRATION_KEY, PORT = "8080" } = process.env;

// An address for one user. `section` says where it opens, and `item`, a reward's id, opens that.
async function widgetUrl(user) {
  const path = `/api/v1/integration/user/${encodeURIComponent(user)}/widget?section=rewards`;
  const answer = await fetch(LAUREL + path, { headers: { "X-API-KEY": INTEGRATION_KEY } });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.message);
  return said.url;
}

const page = (url) =>
  `<!DOCTYPE html><title>Shop</title><h1>Your rewards</h1><iframe src="${url}" width="400" height="700"></iframe>`;
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");

const server = createServer(async (_request, response) => {
  const user = process.argv[2]; // yours comes from the session
  try {
    const body = page(escaped(await widgetUrl(user)));
    response.writeHead(200, {
      "Content-Type": "text/html; charset=utf-8",
      "Cache-Control": "no-store", // the address is this user's, for a day
      "Content-Security-Policy": `default-src 'none'; frame-src ${LAUREL}`,
    });
    response.end(body);
  } catch (error) {
    console.error(error);
    response.writeHead(502).end("Your rewards are away for a moment.");
  }
});

server.listen(Number(PORT), "127.0.0.1", () => console.log(`Open http://127.0.0.1:${PORT}/`));
