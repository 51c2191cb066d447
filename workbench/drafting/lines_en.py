"""English lines for drafts. Slots: {a} who speaks, {b} who is spoken to, {place}, {thing}, {event}: the scene's beat in a few words."""

from __future__ import annotations

# fmt: off
EMOTIONS = {
    "opening": ("calm", "curious", "light", "careful"), "development": ("firm", "urgent", "hesitant", "restrained"),
    "turn": ("frightened", "angry", "strained", "shaking"), "resolution": ("relieved", "gentle", "tired", "earnest"),
}
NOTES = ("under the breath", "turning away", "after a beat", "barely audible", "not looking up")
NARRATION = (
    "It is so quiet here that every breath can be heard: {place}.", "Nothing had changed that day, and everything had: {place}.", "{event}. All that followed began here.", "Light lies on {thing}. Nobody speaks.",
    "Everything is as it was: {place}, and nobody to speak of it.",
)
SILENCES = (
    "{a} need not speak; {thing} has said it all", "only the room is heard: what {a} does is clearer than words", "after this nobody finds a word: {event}",
)
ALONE = {
    "opening": ("Something is different here today.", "First put {thing} away, then the rest.", "There is a way. There is always a way.", "If I turned back now, would it still be in time?", "Nobody knows I am here. Better so."),
    "development": ("Once more. Only this once.", "As long as there is {thing}, there is hope.", "I can't stop here. Not now.", "They said it can't be done. Let them watch.", "Only now I see how long this road is."),
    "turn": ("No. {thing} should not be there.", "So it was me who was wrong, all along.", "Don't look back. Whatever happens, don't.", "Who would be here at this hour?", "If only I had seen it sooner."),
    "resolution": ("It is over, and all of this is still here.", "Let {thing} stay where it is.", "At last, a whole night's sleep.", "What I owed is paid.", "Tomorrow we begin again."),
}
EXCHANGES = {
    "opening": (
        ("{b}, what brings you here?", "Chance. What is that in your hand?"), ("Have you heard? {event}.", "I heard. I don't believe it yet."), ("Show me {thing}.", "Look, but don't lose it."),
        ("You are not yourself today.", "Am I not? It must be the light."), ("{b}, walk with me a little.", "As far as the corner, then."),
    ),
    "development": (
        ("{b}, there is no other way.", "Then we take this one. I am with you."), ("Do you really mean to do it?", "If I don't, I will be sorry all my life."), ("It won't hold for long: {thing}.", "Long enough. Until morning."),
        ("And if they come after us?", "Let them. We will be gone."), ("Wait a little.", "There is no time to wait, {b}."),
    ),
    "turn": (
        ("{b}, look at me and tell the truth.", "You could not bear the truth."), ("How did you come by {thing}?", "You should not have asked."), ("Not one step further!", "I have nowhere left to go."),
        ("How long have you lied to me?", "Since the first day."), ("So it was you.", "Only now you see it."),
    ),
    "resolution": (
        ("{b}, let's go home.", "Yes. Together."), ("And {thing}?", "I let it go. I don't need it now."), ("Do you still blame me?", "I did. Not any more."),
        ("What will you do now?", "First, put this place in order."), ("Thank you for staying.", "I said I would wait."),
    ),
}
# fmt: on
