"""`prestapyt` with a Cartage key in place of the webservice key: what it saw, as one JSON object."""

import json
import os

from prestapyt import PrestaShopWebServiceDict, PrestaShopWebServiceError

shop = PrestaShopWebServiceDict(os.environ["GATEWAY"] + "/api", os.environ["KEY"])
seen = {"first": shop.search("products", options={"limit": "3"})}
made = shop.add("products", {"product": {"price": "9.90", "reference": "py", "name": {"language": {"attrs": {"id": "1"}, "value": "Made & sold"}}}})
number = made["prestashop"]["product"]["id"]
seen["made"] = number
shop.edit("products", {"product": {"id": number, "price": "12.50"}})
seen["price"] = shop.get("products", number)["product"]["price"]
seen["deleted"] = bool(shop.delete("products", number))
try:
    shop.get("products", number)
except PrestaShopWebServiceError as error:
    seen["missing"] = [error.error_code, error.ps_error_msg]
print(json.dumps(seen))
