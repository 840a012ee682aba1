#!/usr/bin/env python3
"""A worker for the AIME API protocol that has an OpenAI-compatible server do
the work: vLLM, llama.cpp, Ollama, or another one.

Such a server gets the queue, the keys, the fairness and the limits of ours in
front of it.  Each job is a request to it, several at once; what it streams is
reported as it comes, and a job that is canceled aborts its request.

    OPENAI_API_KEY=... examples/openai_bridge_worker.py --job-type chat \\
        --server http://localhost:8080 --upstream http://gpu-1:8000/v1

A job with a chat_context is asked of /chat/completions, one with a prompt only
of /completions.  Its other inputs are the parameters of the same names, unless
--map says otherwise.  Python's standard library only, 3.9 or newer.
"""

import http.client
import json
import os
import re
import socket
import ssl
import sys
import threading
import time
import urllib.parse

import aime_worker
from aime_worker import JobFailed, ServerRefused, log

# What the server adds to the inputs of a job
NOT_INPUTS = ("job_id", "start_time", "start_time_compute", "wait_for_result")
MAPPING = {"chat_context": "messages", "prompt_input": "prompt",
           "text_context": "prompt", "max_gen_tokens": "max_tokens"}

# Outputs by the names that usage has for them
COUNTS = {"prompt_tokens": "prompt_length",
          "completion_tokens": "num_generated_tokens",
          "cached_tokens": "cached_tokens",
          "reasoning_tokens": "reasoning_tokens"}

CONNECT_TIMEOUT = 10.0
LOOK_INTERVAL = 2.0                 # at an upstream that is away
LONGEST_LINE = 64 * 1024 * 1024     # or answer that is no stream
LONGEST_MESSAGE = 500


# ----------------------------------------------------------------- upstream

class Busy(Exception):
    """503: it loads its model, or has too much to do."""


class Upstream:
    """Where the requests go; a connection of its own for each."""

    def __init__(self, options):
        parts = urllib.parse.urlsplit(options.upstream)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("--upstream is not an http(s) URL")
        self.secure = parts.scheme == "https"
        self.address = (parts.hostname,
                        parts.port or (443 if self.secure else 80))
        self.prefix = parts.path.rstrip("/")
        self.tls = ssl.create_default_context() if self.secure else None
        self.headers = {"Content-Type": "application/json",
                        "Accept": "text/event-stream, application/json"}
        key = read_key(options)
        if key:
            self.headers["Authorization"] = f"Bearer {key}"

    def connect(self, timeout):
        if self.secure:
            connection = http.client.HTTPSConnection(
                *self.address, timeout=CONNECT_TIMEOUT, context=self.tls)
        else:
            connection = http.client.HTTPConnection(*self.address,
                                                    timeout=CONNECT_TIMEOUT)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sock.settimeout(timeout)
        return connection

    def ask(self, connection, method, route, body=None):
        """The response of status 200, or Busy or JobFailed."""
        connection.request(method, self.prefix + route, body, self.headers)
        response = connection.getresponse()
        if response.status == 200:
            return response
        if response.status in (401, 403):
            # whatever it says may quote the key
            raise JobFailed("the upstream refused the API key of its bridge "
                            f"(status {response.status})")
        failure = Busy if response.status == 503 else JobFailed
        raise failure(f"the upstream answered {response.status}: "
                      + reason(response.read(LONGEST_LINE)))


def read_key(options):
    """From a file or the environment: a command line is for all to see."""
    if options.key_file:
        with open(options.key_file, encoding="utf-8") as file:
            key = file.read().strip()
    else:
        key = os.environ.get("OPENAI_API_KEY", "").strip()
    # the complaint of http.client would quote it
    if not re.fullmatch("[!-~]*", key):
        raise ValueError("the API key has characters that no header may have")
    return key


def reason(body):
    """What an error says, in any of the shapes that are about."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    try:
        answer = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        answer = text
    while isinstance(answer, dict):
        answer = answer.get("error") or answer.get("message") \
            or answer.get("detail") or "no reason given"
    return str(answer).strip()[:LONGEST_MESSAGE]


def events(response):
    """Yields what comes: the objects of a stream, or the one that is all."""
    if response.headers.get_content_type() != "text/event-stream":
        yield json.loads(response.read(LONGEST_LINE))
        return
    lines = []
    while True:
        line = response.readline(LONGEST_LINE)
        text = line.rstrip(b"\r\n")
        if text.startswith(b"data:"):
            lines.append(text[5:].strip())
        elif not text and lines:
            data, lines = b"\n".join(lines), []
            if data == b"[DONE]":
                return
            yield json.loads(data)
        if not line.endswith(b"\n"):
            raise JobFailed("the upstream broke off in the middle of its "
                            "answer")


# -------------------------------------------------------------------- a job

class Parameters:
    """Makes the inputs of a job the parameters of a request."""

    def __init__(self, options):
        self.mapping = dict(MAPPING, **dict(options.map or []))
        self.fixed = dict(options.set or [])
        self.chat_only = options.chat_only

    def request(self, job, model):
        """The route, and the document that is posted to it."""
        document = {"model": model, "stream": True,
                    "stream_options": {"include_usage": True}}
        for name, value in job.items():
            parameter = self.mapping.get(name, name)
            if name not in NOT_INPUTS and parameter:
                document[parameter] = value
        document.update(self.fixed)
        document = {name: value for name, value in document.items()
                    if value is not None}
        messages = [self._message(message)
                    for message in document.get("messages") or []]
        if not messages and not self.chat_only:
            document.pop("messages", None)
            return "/completions", document
        prompt = document.pop("prompt", None)
        if prompt:
            messages.append({"role": "user", "content": prompt})
        return "/chat/completions", dict(document, messages=messages)

    def _message(self, message):
        content = message.get("content")
        if not isinstance(content, list):
            return message
        return dict(message, content=[self._part(part) for part in content])

    @staticmethod
    def _part(part):
        """A part of a chat_context is named by what it holds."""
        if "type" in part:
            return part
        if "text" in part:
            return {"type": "text", "text": part["text"]}
        if "audio" in part:
            head, _, data = part["audio"].partition(";base64,")
            return {"type": "input_audio", "input_audio": {
                "data": data, "format": head.rpartition("/")[2]}}
        for name in ("image", "video"):
            if name in part:
                return {"type": f"{name}_url",
                        f"{name}_url": {"url": part[name]}}
        return part


class Choice:
    """What came so far of one answer, by the names of the outputs."""

    TEXTS = {"content": "text", "reasoning_content": "reasoning_content",
             "reasoning": "reasoning_content", "refusal": "refusal"}

    def __init__(self):
        self.outputs = {"text": ""}
        self.tool_calls = {}

    def add(self, choice):
        # not a stream, but all at once: a message; no chat: a text
        delta = choice.get("delta") or choice.get("message") \
            or {"content": choice.get("text")}
        for name, output in self.TEXTS.items():
            if delta.get(name):
                self.outputs[output] = self.outputs.get(output, "") \
                    + delta[name]
        for call in delta.get("tool_calls") or []:
            self._tool_call(call)
        self._logprobs(choice.get("logprobs") or {})
        if choice.get("finish_reason"):
            self.outputs["finish_reason"] = choice["finish_reason"]

    def _tool_call(self, new):
        """The first fragment has a call's id and name, all have arguments."""
        call = self.tool_calls.setdefault(
            new.get("index", len(self.tool_calls)),
            {"type": "function", "function": {"name": "", "arguments": ""}})
        if new.get("id"):
            call["id"] = new["id"]
        function = new.get("function") or {}
        for name in ("name", "arguments"):
            call["function"][name] += function.get(name) or ""
        self.outputs["tool_calls"] = [self.tool_calls[index] for index
                                      in sorted(self.tool_calls)]

    def _logprobs(self, logprobs):
        for name, value in logprobs.items():
            if isinstance(value, list):
                self.outputs.setdefault("logprobs", {}) \
                    .setdefault(name, []).extend(value)


class Answer:
    """What came so far of all that was asked for."""

    def __init__(self):
        self.choices = {}
        self.counts = {"num_generated_tokens": 0}
        self.counted = False

    def add(self, event):
        if event.get("error"):
            raise JobFailed("the upstream failed: " + reason(event["error"]))
        for choice in event.get("choices") or []:
            self.choices.setdefault(choice.get("index", 0), Choice()) \
                .add(choice)
            if not self.counted:
                # a piece is a token, as a rule, until the upstream counts
                self.counts["num_generated_tokens"] += 1
        if event.get("usage"):
            self._usage(event["usage"])

    def _usage(self, usage):
        self.counted = True
        counts = dict(usage)
        for details in ("prompt_tokens_details", "completion_tokens_details"):
            counts.update(usage.get(details) or {})
        self.counts.update((output, counts[name])
                           for name, output in COUNTS.items()
                           if counts.get(name) is not None)

    def outputs(self):
        """Of several choices, each output is the list of theirs."""
        choices = [self.choices[index].outputs
                   for index in sorted(self.choices)]
        if len(choices) == 1:
            return {**choices[0], **self.counts}
        names = {name for choice in choices for name in choice}
        return {**{name: [choice.get(name) for choice in choices]
                   for name in names}, **self.counts}


class Bridge(aime_worker.Model):

    title = "OpenAI-compatible server"
    family, model_type = "OpenAI", "chat"
    interval = 0.0                  # whatever comes is reported

    def __init__(self, options):
        self.options = options
        self.upstream = Upstream(options)
        self.parameters = Parameters(options)
        self.model = options.model
        self.here = threading.Event()

    # -- whether there is one

    def ready(self):
        """Waits for the upstream.

        Without that, a bridge whose upstream is away would take one job after
        the other from those that could do them, and fail it.
        """
        while not self.here.is_set():
            try:
                self._look()
                self.here.set()
            except (OSError, http.client.HTTPException, Busy) as error:
                log(f"the upstream is away ({type(error).__name__})")
                time.sleep(LOOK_INTERVAL)

    def _look(self):
        connection = self.upstream.connect(CONNECT_TIMEOUT)
        try:
            models = json.loads(self.upstream.ask(
                connection, "GET", "/models").read())
            self.model = self.model or models["data"][0]["id"]
        except (JobFailed, LookupError, TypeError, ValueError) as error:
            # a server need not list its models, if one knows their names
            if not self.model:
                raise ServerRefused("the upstream has no models; name one "
                                    "with --model") from error
        finally:
            connection.close()
        self.title = self.model
        log("the upstream is there, its model is " + json.dumps(self.model))

    # -- jobs

    def run(self, job, report):
        route, document = self.parameters.request(job, self.model)
        connection = None
        try:
            connection, response = self._ask(route, document, report)
            return self._stream(response, document, report)
        except socket.timeout as error:
            raise JobFailed("the upstream said nothing for "
                            f"{self.options.timeout:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            raise JobFailed("the connection to the upstream broke: "
                            + type(error).__name__) from error
        finally:
            if connection:
                connection.close()

    def _ask(self, route, document, report):
        """An upstream that restarts costs its jobs time, but not the answer."""
        body = json.dumps(document).encode()
        end = time.monotonic() + self.options.patience
        while True:
            try:
                connection = self.upstream.connect(self.options.timeout)
            except OSError:
                self.here.clear()
                failure = "the upstream cannot be reached"
            else:
                report.on_cancel = lambda: abort(connection)
                try:
                    report.check()
                    return connection, self.upstream.ask(
                        connection, "POST", route, body)
                except Busy as error:
                    connection.close()
                    failure = str(error)
                except BaseException:
                    connection.close()
                    raise
            if time.monotonic() >= end:
                raise JobFailed(failure)
            report.sleep(LOOK_INTERVAL)

    def _stream(self, response, document, report):
        answer = Answer()
        limit = (document.get("max_tokens")
                 or document.get("max_completion_tokens") or 0)
        for event in events(response):
            answer.add(event)
            made = answer.counts["num_generated_tokens"]
            report(min(100.0 * made / limit, 99.0) if limit else 0,
                   answer.outputs)
        if not answer.choices:
            raise JobFailed("the upstream gave no answer")
        return answer.outputs()


def abort(connection):
    """Wakes the thread that reads from it, and tells the upstream."""
    try:
        connection.sock.shutdown(socket.SHUT_RDWR)
    except (AttributeError, OSError):
        pass                        # it was over already


# --------------------------------------------------------------------- main

def pair(text):
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ValueError
    return name, value


def json_pair(text):
    name, value = pair(text)
    return name, json.loads(value)


def main():
    parser = aime_worker.option_parser(
        "Worker of the AIME API protocol in front of an OpenAI-compatible "
        "server.  Its API key is read from --key-file or from the environment "
        "variable OPENAI_API_KEY.", "chat", batch=16)
    parser.add_argument("--upstream", metavar="URL", required=True,
                        help="its base URL, as http://localhost:8000/v1")
    parser.add_argument("--key-file", metavar="FILE",
                        help="a file with its API key")
    parser.add_argument("--model", metavar="NAME",
                        help="what to ask it for (default: the first that it "
                        "has)")
    parser.add_argument("--map", metavar="INPUT=PARAMETER", type=pair,
                        action="append",
                        help="give an input under that name; without a name, "
                        "not at all; may be repeated")
    parser.add_argument("--set", metavar="PARAMETER=JSON", type=json_pair,
                        action="append",
                        help="give that in every request; null: never; may be "
                        "repeated")
    parser.add_argument("--chat-only", action="store_true",
                        help="ask a prompt as a chat, too: the upstream has "
                        "no /completions")
    parser.add_argument("--timeout", type=float, default=300.0,
                        metavar="SECONDS", help="that the upstream may be "
                        "silent in a request")
    parser.add_argument("--patience", type=float, default=60.0,
                        metavar="SECONDS", help="that a job waits for an "
                        "upstream that cannot be reached")
    return aime_worker.serve(Bridge, aime_worker.parse_options(parser))


if __name__ == "__main__":
    sys.exit(main())
