"""The claim check: a stated figure against mass, carbon content, energy, capacity, land and known factors.

A claim is read in every way that its words allow; the answer names the readings it fits. Pure.
"""

from tanlin.kernel.door import door

__getattr__, __dir__ = door(
    __name__,
    {
        "answer": ("CONTRADICTS", "NEEDS_BASIS", "SUPPORTED", "VERDICTS", "Answer", "Reading"),
        "checking": ("bounds", "check", "from_parameters", "parse", "shipped", "to_parameters"),
        "published": ("Example", "example", "examples"),
        "kinds": ("KINDS",),
        "statement": ("Claim", "Field", "Kind"),
        "wording": ("answer_json", "headline"),
    },
)
