// The shop's page: products, a basket, a coupon, and Laurel's widget in its frame.

const { laurel, business } = document.body.dataset;
const element = (id) => document.getElementById(id);
const basket = new Map(JSON.parse(sessionStorage.getItem("basket") ?? "[]"));
const coupon = element("coupon");

let state = null;
let money = null;

// --- The backend -----------------------------------------------------------------------------------------

async function call(path, body = {}) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  return answer;
}

async function watch() {
  for (;;) {
    try {
      const response = await fetch(`state?seen=${state?.version ?? 0}`);
      if (!response.ok) throw new Error(response.statusText);
      const isFirst = state === null;
      state = await response.json();
      if (isFirst) await begin();
      showNews();
      await price(); // a coupon works from the moment that its webhook is here
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}

// --- Who is here -----------------------------------------------------------------------------------------

async function begin() {
  money = new Intl.NumberFormat("en-IE", { style: "currency", currency: state.currency });
  element("rate").textContent = state.pointsPerEuro;
  element("products").replaceChildren(...state.products.map(productCard));
  element("customers").replaceChildren(...state.customers.map(customerLine));
  element("who").textContent = state.customer?.name ?? "Sign in";
  element("sign-out").hidden = !state.customer;
  element("buy").textContent = state.customer ? "Buy" : "Sign in to buy";
  addWidget(state.customer && (await rewardsAddress()));
}

function customerLine(customer) {
  const line = copyOf("customer");
  const button = line.querySelector("button");
  button.textContent = customer.name;
  button.addEventListener("click", () => signIn(customer.id));
  if (customer.id === state.customer?.id) button.setAttribute("aria-current", "true");
  return line;
}

async function signIn(id) {
  await call("sign-in", { customer: id });
  location.reload();
}

element("sign-out").addEventListener("click", async () => {
  await call("sign-out");
  location.reload();
});

// --- The widget ------------------------------------------------------------------------------------------

async function rewardsAddress() {
  try {
    return (await call("widget")).url;
  } catch (error) {
    say(error.message, "problem");
    return null;
  }
}

function addWidget(url) {
  const script = document.createElement("script");
  script.src = `${laurel}/widget/loader.js`;
  script.dataset.business = business;
  script.dataset.label = "Rewards";
  if (url) script.dataset.url = url;
  document.body.append(script);
}

async function openRewards(section) {
  if (!state?.customer) return askWho();
  const url = await rewardsAddress();
  if (url) window.Laurel.open({ url, section });
}

function askWho() {
  element("account").open = true;
  element("account").scrollIntoView({ block: "nearest" });
  element("customers").querySelector("button").focus();
}

element("rewards").addEventListener("click", () => openRewards("home"));
element("see-points").addEventListener("click", () => openRewards("history"));
document.addEventListener("laurel:expired", () => openRewards());
document.addEventListener("laurel:redeemed", ({ detail }) => {
  if (!detail.couponCode) return;
  coupon.value = detail.couponCode;
  price();
});

// --- Products and the basket -----------------------------------------------------------------------------

function productCard(product) {
  const card = copyOf("product");
  card.dataset.art = product.art;
  card.querySelector("use").setAttribute("href", `products.svg#${product.art}`);
  card.querySelector("h3").textContent = product.name;
  card.querySelector(".note").textContent = product.note;
  card.querySelector("b").textContent = money.format(product.price / 100);
  const button = card.querySelector("button");
  button.setAttribute("aria-label", `Add ${product.name} to your basket`);
  button.addEventListener("click", () => change(product.sku, 1));
  return card;
}

function change(sku, step) {
  const quantity = Math.min((basket.get(sku) ?? 0) + step, 99);
  if (quantity > 0) basket.set(sku, quantity);
  else basket.delete(sku);
  sessionStorage.setItem("basket", JSON.stringify([...basket]));
  element("thanks").hidden = true;
  price();
}

let question = 0;

async function price() {
  const mine = ++question;
  showLines();
  if (!basket.size) return say("");
  const bill = await call("price", order());
  if (mine === question) showBill(bill);
}

function order() {
  return { items: Object.fromEntries(basket), coupon: coupon.value };
}

function showLines() {
  element("lines").replaceChildren(...[...basket].map(([sku, quantity]) => basketLine(sku, quantity)));
  element("empty").hidden = basket.size > 0;
  if (basket.size) return;
  element("sums").hidden = element("buy").disabled = true;
  element("earns").textContent = "";
}

function basketLine(sku, quantity) {
  const line = copyOf("line");
  const product = state.products.find((known) => known.sku === sku);
  line.querySelector("span").textContent = product.name;
  line.querySelector("output").textContent = quantity;
  line.querySelector("b").textContent = money.format((product.price * quantity) / 100);
  for (const button of line.querySelectorAll("button")) {
    const step = Number(button.dataset.step);
    button.setAttribute("aria-label", `${step > 0 ? "One more" : "One less"}: ${product.name}`);
    button.addEventListener("click", () => change(sku, step));
  }
  return line;
}

function showBill(bill) {
  for (const part of ["subtotal", "shipping", "total"]) element(part).textContent = money.format(bill[part] / 100);
  element("discount").textContent = `−${money.format(bill.discount / 100)}`;
  if (!bill.shipping) element("shipping").textContent = "Free";
  element("saving").hidden = !bill.coupon;
  element("saving-code").textContent = bill.coupon;
  element("sums").hidden = false;
  element("buy").disabled = Boolean(bill.problem);
  element("earns").textContent = bill.points ? `You earn ${bill.points.toLocaleString("en")} points.` : "";
  if (bill.problem) say(bill.problem, "problem");
  else say(bill.coupon ? "The coupon works." : "", "success");
}

function say(text, kind = "") {
  element("verdict").textContent = text;
  element("verdict").dataset.kind = kind;
}

coupon.addEventListener("input", price);
coupon.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault(); // it is no order yet
  price();
});

element("till").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!state.customer) return askWho();
  element("buy").disabled = true;
  try {
    thank(await call("orders", order()));
  } catch (error) {
    say(error.message, "problem");
  }
});

function thank({ order: number, bill, balance }) {
  basket.clear();
  sessionStorage.removeItem("basket");
  coupon.value = "";
  price();
  const points = bill.points.toLocaleString("en");
  const given = balance === null ? "will be yours in a moment" : `are yours: you have ${balance.toLocaleString("en")}`;
  element("thanks-title").textContent = `Thank you, ${state.customer.name.split(" ")[0]}`;
  element("thanks-text").textContent = `Order ${number} is on its way.` + (bill.points ? ` ${points} points ${given}.` : "");
  element("thanks").hidden = false;
  element("thanks-title").focus();
}

// --- News ------------------------------------------------------------------------------------------------

function showNews() {
  element("quiet").hidden = state.news.length > 0;
  element("news").replaceChildren(...state.news.map(newsLine));
}

function newsLine({ at, topic, who, text }) {
  const line = copyOf("told");
  const time = line.querySelector("time");
  time.dateTime = at;
  time.textContent = new Date(at).toLocaleTimeString("en-GB");
  line.querySelector("code").textContent = topic;
  line.querySelector("span").textContent = [who, text].filter(Boolean).join(": ");
  return line;
}

function copyOf(id) {
  return element(id).content.firstElementChild.cloneNode(true);
}

watch();
