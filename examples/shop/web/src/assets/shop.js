const shelf = document.getElementById("products");
const { catalog, cart } = shelf.dataset;
const mine = `web-${crypto.randomUUID?.() ?? Math.random()}`;
const money = (cents) => (cents / 100).toFixed(2);

async function buy(id) {
  await fetch(`${cart}/${mine}/${id}`, { method: "PUT" });
  const { total } = await (await fetch(`${cart}/${mine}`)).json();
  document.getElementById("total").textContent = `In your cart: ${money(total)}`;
}

function card(id, { name, price }) {
  const article = document.createElement("article");
  const title = document.createElement("h2");
  const cost = document.createElement("p");
  const button = document.createElement("button");
  title.textContent = name;
  cost.textContent = money(price);
  button.textContent = "Buy";
  button.onclick = () => buy(id);
  article.append(title, cost, button);
  return article;
}

const { products } = await (await fetch(`${catalog}/products`)).json();
shelf.replaceChildren(...Object.entries(products).map(([id, product]) => card(id, product)));
