"""The case as JSON-LD in the terms of CASE and UCO, for tools that exchange investigations.

https://caseontology.org and https://unifiedcyberontology.org: an investigation, its provenance records with their files
and digests, and one investigative action for each row of custody. It repeats what the register and the chain say; those
are what is verified. Written against the published classes (CASE 1.x), not validated by their SHACL shapes here.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tidegate.desk.evidence.custody.chain import CustodyEvent

_UCO = "https://ontology.unifiedcyberontology.org/uco/"
CONTEXT = {
    "kb": "urn:tidegate:case:",
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    **{
        f"uco-{part}": f"{_UCO}{part}/"
        for part in ("action", "core", "identity", "observable", "tool", "types")
    },
    "uco-vocabulary": f"{_UCO}vocabulary/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

Node = dict[str, Any]


def case_uco(
    case: Mapping[str, Any], register: Sequence[Mapping[str, Any]], custody: Sequence[CustodyEvent]
) -> bytes:
    """JSON-LD in UTF-8. The same case gives the same bytes."""
    graph = _Graph(str(case["id"]))
    tool = graph.add("tool", str(case["tool"]), "uco-tool:Tool", {"uco-core:name": case["tool"]})
    files = {entry["raw_sha256"]: _exhibit(graph, entry) for entry in register}
    actions = [_action(graph, row, files, tool) for row in custody]
    graph.add(
        "investigation",
        str(case["id"]),
        "case-investigation:Investigation",
        {
            "uco-core:name": case["title"],
            "uco-core:objectCreatedTime": _time(str(case["made_at"])),
            "uco-core:object": [_to(one) for one in (*graph.provenance, *actions)],
        },
    )
    made = {"@context": CONTEXT, "@graph": graph.nodes}
    return (json.dumps(made, ensure_ascii=False, indent=1) + "\n").encode()


class _Graph:
    """Nodes in order, each with an id that follows from what it is."""

    def __init__(self, case: str) -> None:
        self.nodes: list[Node] = []
        self.provenance: list[str] = []
        self._case = case
        self._people: dict[str, str] = {}

    def name(self, sort: str, of: str) -> str:
        return f"kb:{sort}-{uuid5(NAMESPACE_URL, f'tidegate:{self._case}:{sort}:{of}')}"

    def add(self, sort: str, of: str, kind: str, values: Node) -> str:
        name = self.name(sort, of)
        self.nodes.append({"@id": name, "@type": kind, **values})
        return name

    def person(self, who: str) -> str:
        if who not in self._people:
            self._people[who] = self.add("identity", who, "uco-identity:Identity", {"uco-core:name": who})
        return self._people[who]


def _exhibit(graph: _Graph, entry: Mapping[str, Any]) -> str:
    """An exhibit's file and its provenance record; returns the file's id."""
    sha256, number = entry["raw_sha256"], str(entry["number"])
    facets: list[Node] = [
        {
            "@id": graph.name("file-facet", number),
            "@type": "uco-observable:FileFacet",
            "uco-observable:fileName": entry["file"].rpartition("/")[2],
            "uco-observable:filePath": entry["file"],
        },
        {
            "@id": graph.name("content-facet", number),
            "@type": "uco-observable:ContentDataFacet",
            "uco-observable:mimeType": entry["media_type"],
            "uco-observable:hash": [
                {
                    "@id": graph.name("hash", number),
                    "@type": "uco-types:Hash",
                    "uco-types:hashMethod": {"@type": "uco-vocabulary:HashNameVocab", "@value": "SHA256"},
                    "uco-types:hashValue": {"@type": "xsd:hexBinary", "@value": sha256},
                }
            ],
        },
    ]
    if entry["source"].startswith(("http://", "https://")):
        facets.append(
            {
                "@id": graph.name("url-facet", number),
                "@type": "uco-observable:URLFacet",
                "uco-observable:fullValue": entry["source"],
            }
        )
    file = graph.add("file", number, "uco-observable:File", {"uco-core:hasFacet": facets})
    record = graph.add(
        "provenance",
        number,
        "case-investigation:ProvenanceRecord",
        {
            "uco-core:name": entry["title"],
            "case-investigation:exhibitNumber": number,
            "uco-core:objectCreatedTime": _time(entry["clocks"].system),
            "uco-core:object": [_to(file)],
        },
    )
    graph.provenance.append(record)
    return file


def _action(graph: _Graph, row: CustodyEvent, files: Mapping[str, str], tool: str) -> str:
    values: Node = {
        "uco-core:name": row.did,
        "uco-action:startTime": _time(row.at),
        "uco-action:performer": _to(graph.person(row.who)),
        "uco-action:instrument": [_to(tool)],
    }
    if row.exhibit in files:
        values["uco-action:object"] = [_to(files[row.exhibit])]
    if row.number > 1:
        values["case-investigation:wasInformedBy"] = [_to(graph.name("action", str(row.number - 1)))]
    return graph.add("action", str(row.number), "case-investigation:InvestigativeAction", values)


def _time(moment: str) -> Node:
    return {"@type": "xsd:dateTime", "@value": moment}


def _to(name: str) -> Node:
    return {"@id": name}
