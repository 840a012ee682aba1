#!/usr/bin/env python3
"""An example client for the AIME API protocol.

It logs in, submits a job, watches its progress and saves what comes back,
with nothing but Python's standard library (3.9 or newer):

    examples/client.py --endpoint mandelbrot --param zoom=30 \\
        --param center_x=-0.7435 --param center_y=0.1314 --output seahorses.png
    examples/client.py --endpoint markov_chat \\
        --param prompt_input="In the morning the river"
    examples/client.py --endpoint picture_size --param image=@seahorses.png

The text of a result goes to the standard output, everything else to the
standard error.  Exit status: 0 the job is done, 1 the job failed, 2 wrong
usage, 3 the server refused something, 4 the server cannot be reached, 130
interrupted (the job is canceled then).
"""

import argparse
import base64
import binascii
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sys
import time
import urllib.parse

VERSION = "AIME example client 1.0"
DEMO_KEY = "demo-client-key-replace-me"

POLL_INTERVAL = 0.25
CONNECT_TIMEOUT = 30.0
AWAY_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)     # between polls that fail
AWAY = (None, 429, 502, 503)                # no connection, or what passes
BAR_WIDTH = 30
# values that say how the job went rather than what came out of it
META = ("success", "job_id", "ep_version", "start_time", "start_time_compute",
        "result_received_time", "result_sent_time", "total_duration",
        "compute_duration", "pending_duration", "arrival_time",
        "finished_time", "preprocessing_duration", "auth",
        "worker_interface_version")

# media that --param takes from files, by the ending
MEDIA = {"image": ("png", "jpg", "jpeg", "webp", "bmp", "tiff", "gif"),
         "audio": ("wav", "mp3", "ogg"), "video": ("webm", "mp4")}

JOB_FAILED, REFUSED, UNREACHABLE, INTERRUPTED = 1, 3, 4, 130


class Failure(Exception):
    """Ends the program with a message and an exit status."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM."""


# ---------------------------------------------------------------- transport

class Server:
    """Calls of the API over one connection that is kept open."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Failure(2, f"--server: not an http(s) URL: {url}")
        secure = parts.scheme == "https"
        self.url = url
        self.kind = (http.client.HTTPSConnection if secure
                     else http.client.HTTPConnection)
        self.address = (parts.hostname, parts.port or (443 if secure else 80))
        self.prefix = parts.path.rstrip("/")
        self.http = None

    def close(self):
        if self.http:
            self.http.close()
            self.http = None

    def call(self, route, document, key=None, timeout=CONNECT_TIMEOUT):
        """POSTs and returns (status, decoded answer), whatever the status."""
        headers = {"Content-Type": "application/json"}
        if key:
            # not in the query string, which ends up in logs
            headers["Authorization"] = f"Bearer {key}"
        try:
            return self._exchange(route, json.dumps(document), headers,
                                  timeout)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Failure(UNREACHABLE, f"cannot reach {self.url}: "
                          f"{error or type(error).__name__}") from error
        except ValueError as error:     # a key that no header can hold
            self.close()
            raise Failure(2, f"cannot be sent: {error}") from error

    def _exchange(self, route, body, headers, timeout):
        if self.http is None:
            self.http = self.kind(*self.address, timeout=CONNECT_TIMEOUT)
            self.http.connect()
            self.http.sock.setsockopt(socket.IPPROTO_TCP,
                                      socket.TCP_NODELAY, 1)
        # a waiting call takes as long as its job: no timeout
        self.http.sock.settimeout(timeout)
        self.http.request("POST", self.prefix + route, body.encode(), headers)
        response = self.http.getresponse()
        text = response.read().decode("utf-8", "replace")
        if response.will_close:
            self.close()
        try:
            answer = json.loads(text)
        except ValueError:
            answer = {"error": f"no JSON: {text[:200]}"}
        if not isinstance(answer, dict):
            answer = {"error": f"unexpected answer: {text[:200]}"}
        if response.headers.get("Retry-After"):
            answer["retry_after"] = response.headers["Retry-After"]
        return response.status, answer


def reasons(answer):
    """The texts of `error`: a list from most routes, one text from login."""
    error = answer.get("error") or answer.get("msg") or "no reason given"
    return [str(item) for item in error] if isinstance(error, list) \
        else [str(error)]


def refuse(action, status, answer):
    lines = reasons(answer)
    head = f"{action} refused (status {status})"
    if answer.get("retry_after"):
        head += f", try again in {answer['retry_after']} s"
    text = f"{head}: {lines[0]}" if len(lines) == 1 \
        else "\n  - ".join([head + ":"] + lines)
    raise Failure(REFUSED, text)


# -------------------------------------------------------------------- a job

class Job:
    """One job, from login to result."""

    def __init__(self, server, options):
        self.server = server
        self.endpoint = "/" + urllib.parse.quote(options.endpoint, safe="")
        self.options = options
        self.session = None
        self.job_id = None

    def login(self):
        query = urllib.parse.urlencode({"user": self.options.user,
                                        "version": VERSION})
        status, answer = self.server.call(
            f"{self.endpoint}/login?{query}", {}, self.options.key)
        if status != 200 or not answer.get("success"):
            refuse(f"login to {self.options.endpoint}", status, answer)
        self.session = answer["client_session_auth_key"]

    def submit(self, wait):
        """The first answer: with the result if we wait, with an id if not."""
        document = dict(self.options.param, wait_for_result=wait,
                        client_session_auth_key=self.session)
        status, answer = self.server.call(
            self.endpoint, document,
            timeout=None if wait else CONNECT_TIMEOUT)
        if status in (410, 504):        # canceled or lapsed while we waited
            raise Failure(JOB_FAILED, "; ".join(reasons(answer)))
        if status != 200 or not answer.get("success"):
            refuse("job", status, answer)
        self.job_id = answer["job_id"]
        return answer

    def states(self):
        """Yields the progress answers; the last one has the result."""
        failures = 0
        while True:
            try:
                status, answer = self._ask("progress")
            except Failure:
                if failures == len(AWAY_PAUSES):
                    raise
                status = None
            if status in AWAY:
                if failures == len(AWAY_PAUSES):
                    refuse("progress", status, answer)
                # the job lives on without us: a short absence is no end
                time.sleep(AWAY_PAUSES[failures])
                failures += 1
                continue
            failures = 0
            if answer.get("job_state") in ("canceled", "lapsed"):
                raise Failure(JOB_FAILED, "; ".join(reasons(answer)))
            if status != 200 or not answer.get("success"):
                refuse("progress", status, answer)
            yield answer
            if answer.get("job_state") == "done":
                return
            time.sleep(POLL_INTERVAL)

    def cancel(self):
        """Frees the worker; fails silently, we are on our way out."""
        if self.job_id is None:
            return
        self.server.close()             # it may be in the middle of a call
        try:
            self._ask("cancel", timeout=2.0)
        except Failure:
            pass

    def _ask(self, what, timeout=CONNECT_TIMEOUT):
        return self.server.call(
            f"{self.endpoint}/{what}",
            {"job_id": self.job_id, "client_session_auth_key": self.session},
            timeout=timeout)


# ------------------------------------------------------------------ display

class Display:
    """Shows progress: a bar, or the text as it grows, or lines in a log."""

    def __init__(self):
        self.lively = sys.stderr.isatty()
        self.streams_text = sys.stdout.isatty()
        self.printed = ""               # of the text that streams
        self.last = None
        self.bar_stands = False

    def show(self, answer):
        progress = answer.get("progress") or {}
        data = progress.get("progress_data") or {}
        text = data.get("text")
        if self.streams_text and isinstance(text, str):
            self.text(text)
        elif not self.printed:
            self._line(self._describe(answer.get("job_state"), progress))

    def text(self, text):
        """Prints what is new of a text that comes whole each time."""
        self.clear()
        if not text.startswith(self.printed):
            print()
            self.printed = ""
        sys.stdout.write(text[len(self.printed):])
        sys.stdout.flush()
        self.printed = text

    def clear(self):
        if self.bar_stands:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
            self.bar_stands = False

    @staticmethod
    def _describe(state, progress):
        estimate = progress.get("estimate", -1)
        left = f", about {estimate:.0f} s left" if estimate >= 0 else ""
        workers = progress.get("num_workers_online", 0)
        if state == "queued":
            online = f"{workers} worker(s) online" if workers \
                else "no worker online"
            return (f"queued, position {progress.get('queue_position')}"
                    f"{left}, {online}")
        percent = min(max(float(progress.get("progress") or 0), 0.0), 100.0)
        full = round(BAR_WIDTH * percent / 100)
        return (f"[{'#' * full}{'.' * (BAR_WIDTH - full)}] "
                f"{percent:5.1f} %{left}")

    def _line(self, line):
        if line == self.last:
            return
        self.last = line
        if self.lively:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write("\r\033[K" + line[:width])
            self.bar_stands = True
        else:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()


# ------------------------------------------------------------------- result

DATA_URI = re.compile(r"data:(image|audio|video)/([\w.+-]+);base64,")


class Results:
    """Writes media to files and text to the standard output."""

    def __init__(self, options, job_id):
        stem = f"{options.endpoint}-{re.sub(r'[^0-9A-Za-z-]', '', job_id)[:8]}"
        self.output = options.output
        self.stem = stem
        self.previews = options.previews
        self.preview_count = 0

    def save_previews(self, answer):
        """Progress images, as numbered files in the folder --previews."""
        if not self.previews:
            return
        progress = answer.get("progress") or {}
        for value in (progress.get("progress_data") or {}).values():
            for kind, body in self._media(value):
                self.preview_count += 1
                name = f"{self.stem}-{self.preview_count:04d}.{kind}"
                self._write(os.path.join(self.previews, name), body)

    def save(self, result, display):
        media = []
        for name, value in result.items():
            found = self._media(value)
            media += found
            if found or name in META or name == "error":
                continue
            if name == "text" and isinstance(value, str):
                display.text(value)
                print(flush=True)
            else:
                print(f"{name}: {json.dumps(value)}", file=sys.stderr)
        for number, (kind, body) in enumerate(media, 1):
            path = self._path(kind, number if len(media) > 1 else None)
            self._write(path, body)
            print(f"saved {path}, {len(body)} bytes", file=sys.stderr)

    @staticmethod
    def _media(value):
        """(file ending, bytes) of each data URI in a value or a list."""
        found = []
        for item in value if isinstance(value, list) else [value]:
            match = DATA_URI.match(item) if isinstance(item, str) else None
            if not match:
                continue
            try:
                body = base64.b64decode(item[match.end():], validate=True)
            except binascii.Error as error:
                raise Failure(JOB_FAILED, f"broken {match[1]} in the "
                              f"result: {error}") from error
            found.append((match[2].lower().split("+")[0], body))
        return found

    def _path(self, kind, number):
        stem, ending = os.path.splitext(self.output or f"{self.stem}.{kind}")
        return f"{stem}-{number}{ending}" if number else stem + ending

    @staticmethod
    def _write(path, body):
        try:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            with open(path, "wb") as file:
                file.write(body)
        except OSError as error:
            raise Failure(JOB_FAILED, f"cannot write {path}: "
                          f"{error.strerror}") from error


def describe_times(result):
    parts = [f"{label} {result[name]:.3f} s" for label, name in (
        ("waited", "pending_duration"), ("computed", "compute_duration"),
        ("total", "total_duration"))
        if isinstance(result.get(name), (int, float))]
    return f"job {result.get('job_id')} done: " + ", ".join(parts)


# --------------------------------------------------------------------- main

def data_url(path):
    """The medium in a file, as the protocol wants it."""
    ending = os.path.splitext(path)[1][1:].lower()
    for kind, endings in MEDIA.items():
        if ending in endings:
            break
    else:
        raise argparse.ArgumentTypeError(
            f"no image, audio or video by its name: {path}")
    try:
        with open(path, "rb") as file:
            body = base64.b64encode(file.read()).decode()
    except OSError as error:
        raise argparse.ArgumentTypeError(
            f"cannot read {path}: {error.strerror}") from error
    return f"data:{kind}/{ending};base64,{body}"


def parameter(text):
    """NAME=VALUE, the value as JSON where it is JSON and as text if not, or
    NAME=@FILE, the file as a data URL."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"not of the form name=value: {text}")
    if value.startswith("@"):
        return name, data_url(value[1:])
    try:
        document = json.loads(value)
        json.dumps(document, allow_nan=False)   # Python takes NaN for JSON
        return name, document
    except ValueError:
        return name, value


def parse_options():
    parser = argparse.ArgumentParser(
        description="Example client of the AIME API protocol.",
        epilog="A text that looks like JSON, or begins with @, needs its own "
        "quotes: --param prompt_input='\"42\"'.")
    parser.add_argument("--server", default="http://localhost:8080",
                        metavar="URL", help="default: %(default)s")
    parser.add_argument("--key", help="API key; better given in the "
                        "environment variable AIME_API_KEY (default: the "
                        "demo key of conf/aime_api_server.cfg)",
                        default=os.environ.get("AIME_API_KEY", DEMO_KEY))
    parser.add_argument("--user", default="demo",
                        help="owner of the key (default: %(default)s)")
    parser.add_argument("--endpoint", default="mandelbrot",
                        help="default: %(default)s")
    parser.add_argument("--param", type=parameter, action="append",
                        default=[], metavar="NAME=VALUE",
                        help="an input of the endpoint, @FILE for the image, "
                        "audio or video in a file; may be repeated")
    parser.add_argument("--output", metavar="FILE", help="where an image "
                        "goes (default: <endpoint>-<job id>.<format>)")
    parser.add_argument("--previews", metavar="DIR",
                        help="keep the progress images there")
    parser.add_argument("--wait", action="store_true",
                        help="wait in one call instead of polling")
    options = parser.parse_args()
    options.param = dict(options.param)
    return options


def run(job, options):
    display = Display()
    job.login()
    try:
        answer = job.submit(options.wait)
        results = Results(options, job.job_id)
        if options.wait:
            result = answer
        else:
            for answer in job.states():
                if answer.get("job_state") != "done":
                    display.show(answer)
                    results.save_previews(answer)
            result = answer["job_result"]
    finally:
        display.clear()
    if result.get("error"):
        raise Failure(JOB_FAILED, f"the worker failed: {result['error']}")
    results.save(result, display)
    print(describe_times(result), file=sys.stderr)


def interrupt(_signal, _frame):
    raise Interrupted


def main():
    options = parse_options()
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    job = None
    try:
        server = Server(options.server)
        job = Job(server, options)
        run(job, options)
        return 0
    except Failure as failure:
        print(f"client.py: {failure}", file=sys.stderr)
        return failure.status
    except Interrupted:
        print("\nclient.py: interrupted", file=sys.stderr)
        if job:
            job.cancel()
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
