"""Walks the dataset as fides does: from what identifies a person to every collection. Then leaves one reference out, and must be refused.

    graph.py docs/privacy/fides/dataset.yaml
"""

import copy
import sys

import yaml
from fideslang.models import Dataset
from fides.api.common_exceptions import TraversalError, UnreachableNodesError
from fides.api.graph.config import CollectionAddress
from fides.api.graph.graph import DatasetGraph
from fides.api.graph.traversal import Traversal
from fides.api.models.datasetconfig import convert_dataset_to_graph
from loguru import logger

SEED = {"email": "ann@example.com", "phone_number": "+4930901820", "ip_address": "192.0.2.1"}


def traverse(dataset):
    """The collections that a request about a person reaches, in order."""
    graph = DatasetGraph(convert_dataset_to_graph(Dataset.model_validate(dataset), "cartage"))
    traversal = Traversal(graph, SEED)
    order = []
    traversal.traverse({}, lambda node, _: order.append(node.address))
    return [address for address in order if address != CollectionAddress("__ROOT__", "__ROOT__")]


def without_a_way(dataset, name):
    """The dataset with one collection that nothing leads to."""
    broken = copy.deepcopy(dataset)
    for collection in broken["collections"]:
        if collection["name"] == name:
            for field in collection["fields"]:
                field.pop("fides_meta", None)
    return broken


def main():
    logger.remove()  # What is refused is printed here.
    with open(sys.argv[1], encoding="utf-8") as file:
        dataset = yaml.safe_load(file)["dataset"][0]
    skipped = [c["name"] for c in dataset["collections"] if c.get("fides_meta", {}).get("skip_processing")]
    personal = [c["name"] for c in dataset["collections"] if c["name"] not in skipped]
    print(f"{len(dataset['collections'])} collections, {len(skipped)} of them about nobody")

    reached = traverse(dataset)
    assert {address.collection for address in reached} == set(personal), "each collection about somebody is reached"
    print(f"accepted: {len(reached)} collections are reached")

    # What others hang on takes them along; the rest fail by themselves.
    for name in personal:
        try:
            traverse(without_a_way(dataset, name))
        except (UnreachableNodesError, TraversalError) as error:
            print(f"refused without a way to {name}: {type(error).__name__}: {str(error)[:100]}")
        else:
            sys.exit(f"{name} has no way to it, and fides did not mind")


main()
