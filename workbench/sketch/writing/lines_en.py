"""English spoken lines for drafts; see `lines`."""

from __future__ import annotations

import re

from workbench.sketch.writing.lines import Lines, Matter


def _about(words: str, emotions: str, *, talk: tuple[tuple[str, ...], ...], alone: tuple[str, ...]) -> Matter:
    return Matter(re.compile(rf"\b(?:{words})", re.IGNORECASE), tuple(emotions.split()), talk, alone)


# fmt: off
MATTERS = (
    _about(
        "ghost|demon|monster|haunt|spirit|devil|witch|curse", "afraid strained hushed",
        talk=(("You saw it too, didn't you?", "I saw it. Keep still. It hasn't gone."), ("That thing is not a person.", "Then why does it know my name?"), ("Hold the light higher, {b}.", "Higher, and it knows where we are."), ("What does it want?", "The one thing you won't give.")),
        alone=("There is a face under that face.", "It is counting my heartbeats.", "Eyes have lied to me once already.", "Until morning. Only until morning."),
    ),
    _about(
        "storm|flood|collapse|thunder|earthquake|weather turns|downpour|rain takes", "urgent afraid firm",
        talk=(("The hill is moving. Do you hear it?", "I hear it. Up, up, quickly!"), ("There is somebody down there!", "Then we dig, stone by stone."), ("And if the rain won't stop?", "If it won't, neither will we."), ("Take {prop} and go ahead.", "Not without you.")),
        alone=("Don't stop. Somebody is still down there.", "One shout, and I could find you.", "I can't see my hands. They know the way.", "Somebody has torn a hole in the sky."),
    ),
    _about(
        "dies|died|dead|death|bur(?:y|ies|ied)|blood|grave|funeral|heart", "grieving hushed shaking",
        talk=(("Is there breath?", "A little. Don't let go."), ("Come back, {b}. Do you hear me?", "So cold. Where is this?"), ("I came too late.", "Not too late to remember."), ("Don't say that word.", "I needn't. You know it already.")),
        alone=("Once more. Beat once more.", "How cold this hand is.", "We had not finished talking.", "Don't sleep. It is nearly light."),
    ),
    _about(
        "sells|sold|sell|money|dollars?|cents|savings|coins?|counts her|counts his|counts the|pay|bill arrives|ledger|open account", "ashamed brisk careful",
        talk=(("How much for it?", "That depends how badly you need it."), ("You sold it?", "I sold it. What I got is worth more."), ("Is that all there is?", "That is all. Counting won't make it grow."), ("Count it again, {b}.", "I have. It only gets smaller.")),
        alone=("Count it again. It won't be more.", "Sold is sold. No crying.", "A penny at a time, and still not enough.", "What is owed has to be paid.", "Twenty. It was worth more, and it is enough.", "Not a word about the price."),
    ),
    _about(
        "present|gift|buys?|bought|chain|combs?|unexpected kindness|basket|gives", "tender excited shy",
        talk=(("Close your eyes, {b}.", "They are closed. Almost."), ("You shouldn't have.", "I know. That is why I did."), ("Take it. Don't ask.", "Then I won't say thank you either."), ("It goes with {prop}.", "I know what it goes with.")),
        alone=("It has to be something fine. Something worthy.", "Plain and good. That is how it should be.", "Let it be the right one.", "How light it is, for what it cost.", "Wrap it before I change my mind.", "Only one thing in all the shops, and here it is."),
    ),
    _about(
        "pretty|hair|curls?|mirror|beauty|dress|face in", "anxious wry tender",
        talk=(("Do I look so different?", "Give me a moment. I am looking."), ("Say you like it.", "I like you. I always did."), ("It grows so fast, you know.", "Let it take its time, {b}.")),
        alone=("Please, let me still be pretty.", "It will grow. It always grows.", "Who is that in the glass?", "Like a truant schoolboy. Well, there it is.", "Turn the lamp down a little. There."),
    ),
    _about(
        "owns?|treasures?|watch\\b|precious|heirloom|keepsake|forgotten object", "proud tender wistful",
        talk=(("You'd never part with it.", "Never. Unless it were for you."), ("What is the finest thing we have?", "You are asking or telling?"), ("It was my grandfather's.", "And one day it will be somebody's grandfather's again."), ("Let me see {prop}.", "Look, but don't wind it.")),
        alone=("A queen might envy this.", "So little, and it is everything.", "Some things one keeps for the day one gives them.", "Shabby strap, and all that gold.", "I wouldn't know how to be rich in anything else."),
    ),
    _about(
        "begs?|pleads?|rescue|saves?|asks? for help|help", "pleading urgent restrained",
        talk=(("Please, {b}. Only this once.", "That is what you said last time."), ("Shall I kneel?", "Get up. I don't listen to people on their knees."), ("Nobody will hear me.", "I am hearing you. Slowly, now.")),
        alone=("One more door. Then one more.", "Pride is cheap. Knock.", "Anyone. Let anyone come."),
    ),
    _about(
        "meets?|encounters?|comes in|arrives|a knock|raps|night call|stranger", "curious wary warm",
        talk=(("You are early.", "Or you are late. Who can tell?"), ("Have we met before?", "No. You would remember."), ("You look lost.", "I know where I am. I don't know why."), ("You've stopped. Why have you stopped?", "Let me look at you first.")),
        alone=("Who is about at this hour?", "Steps on the stairs. I know those steps.", "The knocking has stopped. That is worse.", "A guest, or a debt?", "What does one say first?", "Perhaps it is only the wind."),
    ),
    _about(
        "hid(?:es?|den)|conceal|a first lie|invents one|pretend|acting normal", "hesitant tense restrained",
        talk=(("Stay here, and no light.", "For how long?"), ("Nobody else must know.", "Somebody else already does, {b}."), ("How long have you kept this from me?", "Since I began to believe it myself."), ("If they ask, you never saw me.", "I go red when I lie.")),
        alone=("One more day of not saying it.", "A person can be hidden. A bad conscience can't.", "That lie came much too easily.", "A lie has to be remembered. The truth doesn't.", "Don't turn round. They know me by my face.", "One more who knows is one night less of sleep."),
    ),
    _about(
        "refus|terms|no longer find|denies|declines|almost asked", "firm cool restrained",
        talk=(("I can't agree to it.", "I haven't said what it is, {b}."), ("You don't believe me.", "I believe you. I don't believe this."), ("Name your terms.", "My terms are that there are none."), ("Don't talk me round.", "I won't. I'll just stand here with you.")),
        alone=("No is no.", "Such a small word, and so heavy.", "Saying no is easy. Standing there after it is not.", "It isn't that I won't. I can't.", "There. It is said.", "If I believe it, all the rest was wrong."),
    ),
    _about(
        "letters?\\b|notes?\\b|book|writing|reads?\\b|sending word|message", "earnest wistful weary",
        talk=(("What does it say?", "Read it yourself. I can't say it aloud."), ("I give this to you, {b}.", "I'll keep it. Every word."), ("Why is this line empty?", "It is yours to write.")),
        alone=("I know these words, and I don't.", "Here the pen stopped.", "Only the last line is missing.", "The ink isn't dry yet.", "One word is wrong, and it is the best of them.", "Folded once, and once more, and still it won't be small."),
    ),
    _about(
        "laugh|mocks?|jok|idle talk|rumour|gossip|many versions|versions", "wry light stung",
        talk=(("They are laughing.", "Let them. They have to go home some time."), ("What do people say?", "Which version would you like?"), ("Why are you laughing?", "Because if I don't, I'll cry.")),
        alone=("Laugh, then. It's the right night for it.", "By the third mouth it isn't my story any more.", "Smile along, and it will pass."),
    ),
    _about(
        "watch(?:es|ing|er)|star(?:es?|ing)|sees|peers|unseen|something is off|exchange of looks|glances|shifted|new clue|scrap", "wary curious startled",
        talk=(("Don't turn round. Somebody is watching.", "Since when?"), ("What did you see?", "You wouldn't believe me."), ("Somebody has moved this.", "The draught, perhaps?"), ("What are you looking at?", "At what you won't look at.")),
        alone=("There was somebody there. Just now.", "Don't blink.", "An inch to the left. I don't misremember.", "Seen is seen.", "One shadow more than there are people.", "Say nothing. Look again."),
    ),
    _about(
        "admits?|confess|truth|promise|vow|swears?|explanation|apology|called to account|one reason", "contrite earnest strained",
        talk=(("Go on. I am listening.", "Then I'll start with the first lie."), ("Swear it.", "I won't swear. I'll show you."), ("Why? Only that.", "Because I thought of nobody but myself."), ("I'm sorry.", "It's cold. Let us talk inside.")),
        alone=("I should have said it long ago.", "No more hiding. Whatever happens.", "An apology weighs more than a stone."),
    ),
    _about(
        "quarrel|argu|fights?|strikes?|shout|blocks|furious|breaks|fills the doorway", "angry urgent fierce",
        talk=(("Out of my way!", "If I step aside you'll be sorry, {b}."), ("Enough!", "Not enough. We settle it today."), ("Why do you stop me?", "So that you needn't weep later.")),
        alone=("Nobody stops me now.", "I won't swallow this one.", "That bolt won't hold for long."),
    ),
    _about(
        "together|love|embrac|hold|kiss|husband|wife|coat over|gesture of peace|leaning|put the gifts away|chops", "tender warm quiet",
        talk=(("Are you cold?", "Not since you asked."), ("Lean on me.", "You can hardly stand yourself."), ("Don't be so good to me.", "Too late. It's done."), ("Let's put them away for a while.", "They're too nice to use just now.")),
        alone=("So this is what it is, to be thought of.", "Leave the latch up. Somebody may come.", "A little softness. Only a little.", "Still warm. That will do.", "Don't look at me, or I'll cry.", "Had I known I'd mind so much."),
    ),
    _about(
        "wakes?|dream|closed lids|sleep", "dazed calm unsure",
        talk=(("You slept a long time.", "I dreamed that you stayed."), ("What do you remember?", "Somebody kept calling me."), ("Is this a dream?", "Pinch yourself and see.")),
        alone=("Only a dream. Was it only a dream?", "Awake, and still holding on to it.", "The road in the dream led here."),
    ),
    _about(
        "runs|flee|flight|escape|chase|leaves|departs|farewell|pack|under way|followed|wrong turning|way out|hurries|race|wander", "breathless urgent wistful",
        talk=(("You are really going?", "If I stay I'll be somebody else."), ("Take me with you.", "With you I couldn't leave."), ("I couldn't come any slower.", "Why? Is somebody after you, {b}?"), ("They've all gone.", "You haven't."), ("Do you still know the way?", "My feet do. My eyes have forgotten.")),
        alone=("Faster. Before I change my mind.", "Only the lightest thing can come along.", "Look back once. Only once.", "Snow or no snow, I have to be there before they close.", "If nobody says goodbye, nobody has gone.", "My shoes give out before the road does."),
    ),
    _about(
        "waits?|waiting|hour|late\\b|tea gone cold", "anxious patient disappointed",
        talk=(("Nobody yet?", "Nobody. The tea has been made three times."), ("How long will you wait?", "Until I no longer want to."), ("Don't wait, {b}.", "If I don't, I won't know what to do.")),
        alone=("A few more minutes.", "It is past the hour.", "When you wait, every sound is a footstep.", "Never late before. Not once.", "Come, or don't come, but let me know which.", "A hundred. Now another hundred."),
    ),
    _about(
        "resolve|decides?|private arithmetic|options|advice|small promise|sitting down|trembling", "firm calm shaken",
        talk=(("Made up your mind?", "Yes. If I think again I won't dare."), ("And what will you go with?", "With what I have. Myself."), ("Be careful, {b}.", "I have been careful all my life.")),
        alone=("However I count, there is one way left.", "That's settled, then.", "Hands, be still. It's done.", "Wash your face and go.", "Ten reasons to give up. I need one not to.", "It's decided, so it won't be undone."),
    ),
    _about(
        "lamp|lights?\\b|candle|torch|dark|night|glimmer|last peace", "hushed calm wary",
        talk=(("Don't put out the light.", "Afraid of the dark?", "Afraid of not seeing you."), ("Pass the light!", "Hold it steady, {b}. There's a wind."), ("It is quite dark now.", "Dark enough to see a flame.")),
        alone=("A little more wick, for courage.", "This lamp is enough for one.", "The night is long yet.", "Where the light stops, don't look.", "Leave one burning for whoever comes back."),
    ),
    _about(
        "alone|aftershock|knees give|extra plate|full circle|silent breakfast|taking stock|onlookers|quiet|unmoving", "tired calm lost",
        talk=(("Why do you sit here by yourself?", "I'm listening. It was never so quiet here."), ("Is it over?", "Over, yes. Only not far away yet."), ("You hide it well.", "So well that I believe it.")),
        alone=("One plate too many again.", "All day smiling. My face aches.", "My knees. Only now, my knees.", "The view is the same. I'm not.", "So quiet that one begins to hear.", "Nobody asks, so I needn't answer."),
    ),
    _about(
        "ordinary|morning|first light|usual|every day|child|rare laughter|routine", "light calm earnest",
        talk=(("Always the first, {b}.", "I wake before the light. Habit."), ("What is different today?", "Nothing. That is why I look twice."), ("You're thinking of it again.", "Thinking costs nothing."), ("Did you sleep?", "I did. Only I woke too soon.")),
        alone=("The same as yesterday, and the day before.", "Hands that know the work let the heart wander.", "Early yet. What is the hurry?", "One day on top of another, and today's won't lie flat.", "Count to ten, then open your eyes.", "Everything in its place. Everything but me."),
    ),
)

LINES = Lines(
    matters=MATTERS,
    emotions={
        "opening": ("calm", "curious", "light", "careful"), "development": ("firm", "urgent", "hesitant", "restrained"),
        "turn": ("frightened", "angry", "strained", "shaking"), "resolution": ("relieved", "gentle", "tired", "earnest"),
    },
    notes=("under the breath", "turning away", "after a beat", "barely audible", "not looking up", "word by word", "with a forced smile"),
    talk={
        "opening": (
            ("{b}, you look as if you hadn't slept.", "I slept. I dreamed with my eyes open."), ("You are not yourself today.", "Am I not? It must be the light."), ("Walk with me a little, {b}.", "As far as it goes."), ("There is something I meant to ask.", "Then mean it one day longer."),
            ("Do you believe in luck?", "I do. It always visits somebody else first."), ("Is {prop} still safe?", "I look at it every day."), ("It will snow, or rain, or something.", "It always does something."), ("You have a plan.", "I have half of one."),
        ),
        "development": (
            ("{b}, there is no other way.", "Then we take this one. I am with you."), ("Do you really mean to do it?", "If I don't, I'll be sorry all my life."), ("Wait a little.", "There is no time to wait, {b}."), ("Somebody suspects.", "Then look more ordinary."),
            ("You frighten me when you look at {prop}.", "Why? Because I might be right?"), ("Say it more slowly.", "I can't. It won't wait."), ("Nobody can help you out there.", "Nobody helps me in here."), ("Will you regret it?", "After it's done. Not before."),
        ),
        "turn": (
            ("{b}, look at me and tell the truth.", "You could not bear the truth."), ("Not one step further!", "I have nowhere left to go."), ("How long have you lied to me?", "Since the first day."), ("So it was you.", "Only now you see it."),
            ("How did you come by {prop}?", "You should not have asked."), ("Go, quickly!", "Not by myself."), ("Listen. Outside.", "Nothing. Why is there nothing?"), ("There's still time to turn back.", "For you, {b}. Not for me."),
        ),
        "resolution": (
            ("{b}, let's go home.", "Yes. Together."), ("Do you still blame me?", "I did. Not any more."), ("What will you do now?", "First, put everything in order."), ("Thank you for staying.", "I said I would wait."),
            ("And {prop}?", "I let it go. I don't need it now."), ("It's getting light.", "Yes. One can see a long way."), ("I've forgotten something.", "Never mind. I'll remember it for you."), ("Does it hurt?", "It does. So I'm still here."),
        ),
    },
    alone={
        "opening": ("Something is different here today.", "There is a way. There is always a way.", "If I turned back now, would it still be in time?", "Nobody knows I am here. Better so.", "First put {prop} away, then the rest.", "Something has changed, and I can't say what."),
        "development": ("Once more. Only this once.", "As long as there is {prop}, there is hope.", "I can't stop here. Not now.", "Only now I see how long this road is.", "My heart is so loud that anyone could hear.", "If it's wrong, at least I'll know what is right."),
        "turn": ("No. This is all wrong.", "So it was me who was mistaken, all along.", "Who would be here at this hour?", "If only I had seen it sooner.", "{prop} should not be there.", "Stand still. Why won't my legs stand still?"),
        "resolution": ("It is over, and all of this is still here.", "At last, a whole night's sleep.", "What I owed is paid.", "Tomorrow we begin again.", "Let {prop} stay where it is.", "So this is the sound of letting go."),
    },
    third=("Enough, you two.", "I heard all of it.", "Hush. There is somebody outside.", "May I say one thing?", "Neither of you has told the truth.", "Come along. It's getting dark."),
    telling=(
        "{event}.", "{event}. Nobody says a word.", "That day: {event}.", "{event}. A draught passes.", "{event}, and no one gives it a name.", "{event}. All that followed began here.",
    ),
    scenery=(
        "{place}, so quiet that every breath can be heard.", "{place}. Nothing had changed that day, and everything had.", "{place}, as it always was, but for somebody to speak of it.", "{place}. A draught passes as if it were looking for someone.", "They say that {place} remembers everybody who came.", "Inch by inch the light leaves {place}.",
    ),
    silences=("{a} need not speak; what is done says it all", "only {place} is heard: the look on {a}'s face is clearer than words", "the words are on the lips of {a} and stay there; the gap weighs more than a line", "let {place} speak; {a} only looks"),
    called={},
    event_chars=64,
)
# fmt: on
