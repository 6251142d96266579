"""Loads NodeSet2 files, in this order, into an address space of Python asyncua that has only the standard.

Usage: load_nodesets.py FILE... The last one has to load whole. Prints one JSON object: namespaces, how many nodes each has, and what a type of ours looks like.
"""

import asyncio
import json
import logging
import sys

from asyncua import Server, ua

logging.disable(logging.CRITICAL)


async def main(files: list[str]) -> None:
    server = Server()
    await server.init()
    added = {}
    for file in files:
        # DI has nodes without a parent, which asyncua does not take; of ours it has to take each.
        added[file] = len(await server.import_xml(file, strict_mode=file == files[-1]))
    namespaces = await server.get_namespace_array()
    types = namespaces.index("urn:dcmb:ua")
    stream = server.get_node(ua.NodeId("StreamType", types))
    children = [(await child.read_browse_name()).Name for child in await stream.get_children()]
    parent = await stream.get_parent()
    print(json.dumps({"added": added, "namespaces": namespaces, "children": children, "supertype": parent.nodeid.to_string()}))


asyncio.run(main(sys.argv[1:]))
