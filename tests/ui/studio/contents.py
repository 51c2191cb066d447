"""A small content of each kind that has a view of its own."""

from __future__ import annotations

from typing import Any


def _beat(name: str, escalation: int, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "escalation": escalation, "interlock": f"After {name} there is no way back",
        "surface_event": f"{name} is seen", "info_flow": "Della tells nobody", "learners": ["Jim"],
        "location": "The flat", "characters": ["Della", "Jim"], "visual_hook": "A lamp", "emotional_tone": "hushed",
        "estimated_scenes": 2, **more,
    }  # fmt: skip


CAUSAL_CHAIN: dict[str, Any] = {
    "outline": {
        "outline_summary": "She sells her hair.\nHe sells his watch.", "core_object_or_event": "Two presents",
        "stakes_by_faction": [{"faction": "The couple", "stakes": "Their pride"}],
        "first_mover": {
            "initiator": "Della", "public_reason": "Christmas", "hidden_intent": "To be worthy",
            "legitimacy_mask": "Everybody gives",
        },
        "necessity_derivation": ["She has too little", "So she sells what she has"],
    },
    "knowledge": {
        "layers": [
            {
                "name": "The secret givers", "roles": ["Della"], "info_boundary": "Her own sale", "blind_spot": "His",
                "motivation": {"gain": 8, "loss_avoid": 3, "trigger": "A dollar and eighty-seven cents"},
            },
            {
                "name": "The traders", "roles": ["Madame Sofronie"], "info_boundary": "Prices", "blind_spot": "Love",
                "motivation": {"gain": 4, "loss_avoid": 1, "trigger": "A customer"},
            },
        ],
        "character_matrix": [
            {
                "name": "Della", "identity": "A wife", "goal": "A chain", "secret": "Her hair is gone",
                "vulnerability": "Fear of his look",
            }
        ],
    },
    "beats": {
        "act_mode": "three_act",
        "acts": [
            {"act": n, "name": f"Act name {n}", "beats": [_beat(f"Beat {n}.{m}", 2 * n + m) for m in (1, 2, 3)]}
            for n in (1, 2, 3)
        ],
    },
    "weave": {
        "plot_lines": [
            {
                "line_type": kind, "driver": driver, "stated_goal": "To give", "true_goal": "To be seen",
                "key_interlocks": ["Beat 1.2", "Beat 3.1"], "point_of_no_return": "Beat 2.2",
            }
            for kind, driver in (("main", "Della"), ("sub1", "Jim"))
        ],
        "audit": {
            "blind_spot_drives_action": True, "two_information_shifts": True, "three_way_tension": False,
            "irreversible_ending": True, "no_redundant_role": True,
        },
        "notes": ["Nobody pulls from a third side"],
    },
}  # fmt: skip

EMOTION_ARC: dict[str, Any] = {
    "points": [
        {"episode_order": 1, "scene_order": None, "tension": 3, "valence": -1.5, "label": "Too few coins"},
        {"episode_order": 2, "scene_order": 1, "tension": 8, "valence": 4, "label": "Combs", "beat_name": "Beat 3.1"},
    ]
}


def _tie(a: str, b: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "from_name": a, "to_name": b, "type": kind, "label": f"{a} for {b}", "description": "As told", "intensity": 7,
        **more,
    }  # fmt: skip


RELATIONSHIPS: dict[str, Any] = {
    "relationships": [
        _tie("Della", "Jim", "romantic", arc=[{"episode_order": 2, "change": "Sees him anew", "new_intensity": 9}]),
        _tie("Jim", "Della", "romantic", pinned=True),
        _tie("Jim", "Madame Sofronie", "stranger"),
    ]
}

SCENE_SCRIPT: dict[str, Any] = {
    "title": "The combs",
    "scenes": [
        {
            "order": 1, "heading": {"setting": "int", "place": "The flat", "time": "Evening"}, "summary": "She counts.",
            "elements": [
                {"type": "action", "text": "Della counts the coins <b>twice</b>."},
                {"type": "sound", "text": "The stove hisses."},
                {
                    "type": "dialogue", "speaker": "Della", "extension": "off_screen", "parenthetical": "low",
                    "text": "One dollar.",
                },
            ],
            "transition": "dissolve", "seconds": 20,
        },
        {
            "order": 2, "heading": {"setting": "ext", "place": "The street", "time": ""}, "summary": "She runs.",
            "elements": [{"type": "action", "text": "She runs."}], "transition": "none", "seconds": 8.5,
        },
    ],
}  # fmt: skip

CANDIDATES: dict[str, Any] = {
    "candidates": [
        {
            "name": name, "aliases": ["The pilot"], "role_type": "guide", "brief": f"{name} rows them over",
            "appearance": "An oilskin", "personality": "Says little", "background": "Lost a boat", "confidence": 0.8,
            "evidence": [{"source": "The loft", "text": "Somebody must have rowed"}], "status": status,
        }
        for name, status in (("Ida", "rejected"), ("Otto", "pending"), ("Ruth", "accepted"))
    ],
    "counts": {"total": 5, "existing": 1, "duplicate": 1, "low_confidence": 0, "carried_over": 0},
}  # fmt: skip

CONTENTS: dict[str, dict[str, Any]] = {
    "causal_chain": CAUSAL_CHAIN,
    "emotion_arc": EMOTION_ARC,
    "character_relationships": RELATIONSHIPS,
    "character_candidates": CANDIDATES,
    "scene_script": SCENE_SCRIPT,
}
