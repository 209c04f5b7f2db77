"""Drives a Shopify shop through the raw route with the Python client ShopifyAPI, unmodified. Prints one JSON object; a test reads it.

The client is for the REST API, with GraphQL beside it. Its site is set to the gateway and our key is one more header; the access token that it sends
is its own invention: the gateway puts the shop's in its place.
"""

import json
import os
import urllib.parse

import pyactiveresource.connection
import shopify

shopify.ShopifyResource.set_site(os.environ["GATEWAY"] + "/admin/api/2026-10")
shopify.ShopifyResource.headers["X-Shopify-Access-Token"] = "shpat_of_the_client"
shopify.ShopifyResource.headers["X-API-Key"] = os.environ["KEY"]

seen = {"shop": shopify.Shop.current().name, "count": shopify.Product.count()}

# The client would follow the shop's own address in `Link`, past the gateway; what it needs of that is the place of the next page.
ids = []
page = shopify.Product.find(limit=12)
while True:
    ids.extend(product.id for product in page)
    if not page.has_next_page():
        break
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(page.next_page_url).query)
    page = shopify.Product.find(limit=12, page_info=query["page_info"][0])
seen["ids"] = ids

product = shopify.Product()
product.title = "Made by ShopifyAPI"
product.variants = [shopify.Variant({"price": "21.99"})]
seen["saved"] = product.save()
seen["price"] = product.variants[0].price
product.title = "Changed by ShopifyAPI"
product.save()
seen["title"] = shopify.Product.find(product.id).title
product.destroy()
try:
    shopify.Product.find(product.id)
except pyactiveresource.connection.ResourceNotFound as error:
    seen["missing"] = error.code

blank = shopify.Product()
blank.title = ""
seen["blank"] = [blank.save(), blank.errors.full_messages()]

answer = json.loads(shopify.GraphQL().execute("query($id: ID!) { product(id: $id) { title } }", {"id": "gid://shopify/Product/1000"}))
seen["graphql"] = answer["data"]["product"]["title"]

print(json.dumps(seen))
