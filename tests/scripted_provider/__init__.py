"""A real HTTP server that answers like an OpenAI-compatible service, or like Volcengine Ark, and misbehaves on request.

In a test's own process:

    with ScriptedProvider() as provider:          # a thread with its own event loop
        provider.script(default={"status": 500})  # every call; also nth={"2": {...}} and rules=[{"match": "…", ...}]
        provider.calls()                          # the call log, merged

As a process: ``python -m tests.scripted_provider --port 0 --log FILE`` prints its address, then serves until its
standard input closes or it gets SIGTERM. `control(url)` and `read_log(file)` talk to it from other processes.

It speaks /chat/completions, /responses, /images/generations, /images/edits and Ark's /contents/generations/tasks, under
any path: `url` (/v1) is what an OpenAI profile wants, `ark_url` (/api/v3) what an Ark profile wants. Each request is in
the call log with its `kind`: chat, responses, image; for long tasks create, poll, list, cancel.

Faults (keys of a script's dicts, all optional):
    status, headers, body (JSON, text or bytes), content_type     answer this instead; `split` in pieces of so many
    bytes, `cut` without its end
    delay_ms         before the first byte      first_token_ms   after the headers of a stream
    drip_ms          between streamed pieces; with `drip_bytes` the whole body is dripped
    wait_for         before the first byte, until this file exists
    hold             after a stream's thoughts, or its first piece, until this file exists
    hang             never answer               reset            drop the connection before answering
    half             drop it midway ("clean": end the body properly, but early)
    html             a web page with status 200
    text             answer this text           finish_reason    say this instead of "stop"
    empty, blank     no text; spaces            refusal          a refusal in place of the text
    no_choices       an empty list of choices   no_usage, usage  leave usage out; send this usage
    choice_usage     usage inside the last choice, as Kimi does
    error_event      an error event inside the stream, after the first piece
    garbage          a line in the stream that is no JSON
    ignore_stream    answer a streamed request in one piece
    no_done, linger_ms   leave the closing [DONE] out; keep the connection open after it
    reject           refuse with 400 when the request has one of these fields
    reject_modes     refuse with 400 when response_format has one of these types
    refusals         refuse in these words, the first that fits: [{"mode": …, "field": …, "status": …, "body": …}]
    echo_key         repeat the Authorization header in the error message
    huge_mb          send so many megabytes in one body, without end: a line of a stream, else JSON; with `status` an
    error
In /responses a finish_reason other than "stop" makes the answer incomplete for this reason ("length":
max_output_tokens),
`no_choices` leaves `output` empty, there is no [DONE] unless `done` says so, and there are
    reasoning        thoughts, as an item and as events before the message
    failed           this error in a response that failed
    no_output        a last event that does not repeat what was streamed
Pictures (/images/generations, /images/edits) come as base64 PNG of the size asked for, or as a link on request:
    image_url        hand out a link: true for one to this server, or the link itself
    image_b64        this in place of the picture's base64      image_error   an error entry in place of the picture
    no_image         an empty list                              usage         as above; none by default
    image_error_at   places of a group (from 0) that get the error; all without it
    group            how many pictures a group has (sequential_image_generation "auto"); max_images without it
    media            how this server answers its own links: {"status", "headers", "body", "drip_ms"}
Under /api/v3 the usage of pictures is Ark's: generated_images and output_tokens, errors not counted.
What was fetched by link is in `fetches()`: path and headers.

Long tasks (/contents/generations/tasks): the script that the POST gets goes along with the task.
    states           what each poll says, the last one again and again; ["succeeded"] without it
    polls            faults of polls by their number: {"2": {"status": 503}}, "*" for all
    clip             the MP4 behind the link (bytes or base64); one of the length asked for without it
    clip_url         this link instead                          no_url        none
    task_error       the error of a task that failed            usage, no_usage   completion_tokens
    task             fields that replace others of the task
A DELETE cancels a queued task, is refused for a running one (409) and forgets an ended one.
A prompt may carry its own: ``[[fault:500]]``, ``[[fault:hang]]``, ``[[fault:{"status": 429}]]``; with ``*2`` before the
closing brackets only the first two calls with this marker are hit.
"""

from __future__ import annotations

from tests.scripted_provider.answers import example, picture
from tests.scripted_provider.client import ScriptedProvider, control, read_log
from tests.scripted_provider.faults import NAMED

__all__ = ["NAMED", "ScriptedProvider", "control", "example", "picture", "read_log"]
