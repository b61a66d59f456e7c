"""The case as JSON-LD, for other tools."""

import json
import zipfile
from pathlib import Path


def graph(sealed: Path) -> tuple[dict[str, str], dict[str, dict[str, object]], list[dict[str, object]]]:
    with zipfile.ZipFile(sealed) as zipped:
        made = json.loads(zipped.read("case-7/data/case-uco.jsonld"))
        register = json.loads(zipped.read("case-7/data/exhibits.json"))
    return made["@context"], {node["@id"]: node for node in made["@graph"]}, register


def test_every_exhibit_has_a_provenance_record_that_leads_to_its_digest(sealed: Path) -> None:
    _, nodes, register = graph(sealed)
    found = {}
    for node in nodes.values():
        if node["@type"] == "case-investigation:ProvenanceRecord":
            file = nodes[node["uco-core:object"][0]["@id"]]  # type: ignore[index]
            content = next(
                facet
                for facet in file["uco-core:hasFacet"]  # type: ignore[attr-defined]
                if facet["@type"] == "uco-observable:ContentDataFacet"
            )
            found[node["case-investigation:exhibitNumber"]] = content["uco-observable:hash"][0][
                "uco-types:hashValue"
            ]["@value"]
    assert found == {str(entry["number"]): entry["raw_sha256"] for entry in register}


def test_every_name_in_it_is_defined_and_every_prefix_declared(sealed: Path) -> None:
    context, nodes, _ = graph(sealed)

    def look(value: object) -> None:
        if isinstance(value, dict):
            if set(value) == {"@id"}:
                assert value["@id"] in nodes
            for key, one in value.items():
                assert key.startswith("@") or key.partition(":")[0] in context, key
                look(one)
        elif isinstance(value, list):
            for one in value:
                look(one)

    for node in nodes.values():
        look(node)
        assert str(node["@id"]).startswith("kb:")
        assert str(node["@type"]).partition(":")[0] in context


def test_custody_is_a_chain_of_actions(sealed: Path) -> None:
    _, nodes, _ = graph(sealed)
    actions = [node for node in nodes.values() if node["@type"] == "case-investigation:InvestigativeAction"]
    assert len(actions) > 1
    begun = [one for one in actions if "case-investigation:wasInformedBy" not in one]
    assert len(begun) == 1
    assert actions[-1]["uco-core:name"] == "sealed"
