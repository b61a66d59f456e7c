"""How the weights of the claim detector are learned and measured: needs the extra ``learning``."""
