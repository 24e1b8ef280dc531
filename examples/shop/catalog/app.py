"""The catalog: what the shop sells, and for how much. Prices are whole cents.

| request | answer |
|---|---|
| ``GET /catalog``, ``GET /catalog/products`` | ``{"products": {<id>: {"name": …, "price": …}}}`` |
| ``GET /catalog/products/<id>`` | one product, or 404 |
"""

from http import HTTPStatus

from serving import Problem, serve

PRODUCTS = {
    "tea": {"name": "Green tea", "price": 450},
    "pot": {"name": "Cast-iron pot", "price": 5400},
    "cup": {"name": "Stoneware cup", "price": 1250},
    "kettle": {"name": "Copper kettle", "price": 8900},
    "honey": {"name": "Forest honey", "price": 780},
    "spoon": {"name": "Olive-wood spoon", "price": 320},
}


def all_products():
    """Everything that is for sale."""
    return {"products": PRODUCTS}


def one_product(product):
    """One thing that is for sale."""
    if product not in PRODUCTS:
        raise Problem(HTTPStatus.NOT_FOUND, f"the shop sells no {product}")
    return PRODUCTS[product]


if __name__ == "__main__":
    routes = {"GET /": all_products, "GET /products": all_products, "GET /products/{product}": one_product}
    serve("catalog", routes)
