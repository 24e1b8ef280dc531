// The shop's page: products from the catalog, prices of the cart from the cart.
//
// The page itself remembers what is wanted and always puts the whole cart: whichever replica
// answers, the total is right. Paths are relative, so the shop may be put below any path.

const shelf = document.getElementById("shelf");
const wanted = JSON.parse(localStorage.getItem("wanted") ?? "{}");
const name = localStorage.getItem("cart") ?? `web-${Math.random().toString(36).slice(2)}`;
localStorage.setItem("cart", name);

const money = new Intl.NumberFormat("en", { style: "currency", currency: "EUR" });
const inEuros = (cents) => money.format(cents / 100);

let products = {};

async function ask(path, document) {
  const request = document && { method: "PUT", body: JSON.stringify(document) };
  const answer = await fetch(path, request);
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return answer.json();
}

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function picture(id) {
  const svg = "http://www.w3.org/2000/svg";
  const use = document.createElementNS(svg, "use");
  use.setAttribute("href", `${shelf.dataset.pictures}#${id}`);
  const drawn = document.createElementNS(svg, "svg");
  drawn.setAttribute("aria-hidden", "true");
  drawn.append(use);
  return drawn;
}

function onShelf([id, product]) {
  const buy = () => change(id, Math.min((wanted[id] ?? 0) + 1, 99));
  return element("li", {}, picture(id),
    element("strong", { textContent: product.name }),
    element("span", { className: "money", textContent: inEuros(product.price) }),
    element("button", { textContent: "Put in the cart", onclick: buy }));
}

function inCart([id, { quantity, price }]) {
  const product = products[id]?.name ?? id;
  const out = { className: "out", textContent: "×", ariaLabel: `Take out ${product}`, onclick: () => change(id, 0) };
  return element("li", {}, `${quantity} × ${product}`,
    element("span", { className: "money", textContent: inEuros(quantity * price) }),
    element("button", out));
}

async function change(id, quantity) {
  wanted[id] = quantity;
  if (!quantity) delete wanted[id];
  localStorage.setItem("wanted", JSON.stringify(wanted));
  await shown(showCart());
}

async function showShelf() {
  ({ products } = await ask("catalog/products"));
  shelf.replaceChildren(...Object.entries(products).map(onShelf));
}

async function showCart() {
  const { items, total } = await ask(`cart/${name}`, { items: wanted });
  document.getElementById("cart").replaceChildren(...Object.entries(items).map(inCart));
  document.getElementById("total").textContent = total ? inEuros(total) : "Nothing yet.";
}

async function shown(work) {
  const problem = document.getElementById("problem");
  try {
    await work;
    problem.hidden = true;
  } catch (error) {
    problem.textContent = `The shop does not answer right now (${error.message}). Please try again.`;
    problem.hidden = false;
  }
}

await shown(showShelf());
await shown(showCart());
