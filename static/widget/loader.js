// Puts a customer's rewards on a shop's page:
//   <script src="https://…/widget/loader.js" data-business="acme" data-token="…" async></script>
// A button opens them in a frame. `Laurel.open({url, token, section})` and `Laurel.close()` do so by hand. The document
// hears of "laurel:redeemed" (with `detail.couponCode`) and of "laurel:expired" (open again with a new token).

(() => {
  const script = document.currentScript;
  const home = new URL(script.src).origin;
  const { business = "", url: address, label = "Rewards", position } = script.dataset;

  const STYLE = `
    :host { all: initial }
    button, .panel { position: fixed; ${position === "left" ? "left" : "right"}: 20px; z-index: 2147483000 }
    button {
      bottom: 20px; display: flex; align-items: center; gap: 10px; min-height: 52px; padding: 0 22px 0 18px; border: 0;
      border-radius: 26px; background: #1c5a42; color: #fff; font: 600 16px/1 -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, Arial, sans-serif; cursor: pointer;
      box-shadow: 0 1px 2px #0003, 0 10px 28px #06261a59; transition: transform .15s, background .15s;
    }
    button:hover { background: #164a36; transform: translateY(-1px) }
    button:focus-visible { outline: 3px solid #e0b64c; outline-offset: 3px }
    svg { width: 24px; height: 24px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linejoin: round }
    .panel {
      bottom: 86px; width: 400px; height: min(700px, calc(100dvh - 106px)); overflow: hidden; border-radius: 20px;
      background: #f7f6f1; box-shadow: 0 0 0 1px #0000000f, 0 24px 64px #06261a4d;
      transition: opacity .18s, transform .18s, visibility .18s;
    }
    .panel:not(.is-open) { opacity: 0; transform: translateY(12px); visibility: hidden }
    .shade { display: none }
    iframe { display: block; width: 100%; height: 100%; border: 0 }
    @media (max-width: 480px) {
      .panel { inset: 40px 0 0; width: auto; height: auto; border-radius: 20px 20px 0 0 }
      .panel.is-open + .shade { display: block; position: fixed; inset: 0; background: #0009; z-index: 2147482999 }
    }
    @media (prefers-color-scheme: dark) { .panel { background: #0e1411 } }
    @media (prefers-reduced-motion: reduce) { * { transition: none !important } }
  `;
  const GIFT =
    "M4.5 12v8h15v-8M3.5 8.5h17V12h-17zM12 8.5V20M12 8.5S10.8 4 8.4 4a2.2 2.2 0 0 0 0 4.5z" +
    "M12 8.5S13.2 4 15.6 4a2.2 2.2 0 0 1 0 4.5z";

  let page = `/w/${encodeURIComponent(business)}`;
  let token = script.dataset.token ?? null;
  let frame = null;

  const button = element("button", { type: "button", ariaExpanded: "false" });
  const panel = element("div", { className: "panel" });
  const shade = element("div", { className: "shade" });

  function open({ url, token: fresh, section } = {}) {
    if (url) take(url);
    if (section) page = `${page.split("?")[0]}?section=${encodeURIComponent(section)}`;
    if (fresh) token = fresh;
    if (!frame || url || section) load();
    else if (fresh) send({ type: "token", token });
    panel.classList.add("is-open");
    button.ariaExpanded = "true";
    frame.focus();
  }

  function close() {
    if (!panel.classList.contains("is-open")) return;
    panel.classList.remove("is-open");
    button.ariaExpanded = "false";
    button.focus();
  }

  // An address from the Integration API: the page, and the token behind its `#`.
  function take(text) {
    const given = new URL(text);
    if (given.origin !== home) throw new TypeError(`Laurel opens addresses of ${home} only`);
    page = given.pathname + given.search;
    token = new URLSearchParams(given.hash.slice(1)).get("t") ?? token;
  }

  function load() {
    const fragment = new URLSearchParams({ o: location.origin, ...(token && { t: token }) });
    frame?.remove(); // a new fragment alone would not load the page again
    frame = element("iframe", { title: label, allow: "clipboard-write; web-share", referrerPolicy: "no-referrer" });
    frame.src = `${home}${page}#${fragment}`;
    panel.append(frame);
  }

  function send(message) {
    frame.contentWindow.postMessage({ source: "laurel", ...message }, home);
  }

  function tell(name, detail) {
    document.dispatchEvent(new CustomEvent(`laurel:${name}`, { detail }));
  }

  const HEARD = {
    ready: ({ isSignedIn }) => !isSignedIn && token && send({ type: "token", token }),
    close,
    redeemed: ({ couponCode }) => tell("redeemed", { couponCode }),
    expired: () => {
      token = null;
      tell("expired");
    },
  };

  window.addEventListener("message", ({ source, origin, data }) => {
    if (!frame || source !== frame.contentWindow || origin !== home || data?.source !== "laurel") return;
    if (Object.hasOwn(HEARD, data.type)) HEARD[data.type](data);
  });

  function element(name, properties) {
    return Object.assign(document.createElement(name), properties);
  }

  function drawing(path) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.append(document.createElementNS(svg.namespaceURI, "path"));
    svg.firstChild.setAttribute("d", path);
    return svg;
  }

  function mount() {
    const host = document.createElement("laurel-rewards");
    const root = host.attachShadow({ mode: "open" }); // neither side's styles reach the other
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE); // allowed by every style-src, unlike a style element
    root.adoptedStyleSheets = [sheet];
    button.append(drawing(GIFT), label);
    root.append(button, panel, shade);
    document.body.append(host);
  }

  button.addEventListener("click", () => (panel.classList.contains("is-open") ? close() : open()));
  shade.addEventListener("click", close);
  document.addEventListener("keydown", ({ key }) => key === "Escape" && close());
  if (address) take(address);
  window.Laurel = Object.freeze({ open, close });
  if (document.body) mount();
  else document.addEventListener("DOMContentLoaded", mount);
})();
