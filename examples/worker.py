#!/usr/bin/env python3
"""An example GPU worker for the AIME API protocol, without the GPU.

It logs in, waits for jobs in a long poll, computes them on the CPU, reports
progress and posts the results: what a real worker does, in one file and with
nothing but Python's standard library (3.9 or newer).  Four job types:

  mandelbrot   renders a region of the Mandelbrot set to a PNG, with previews
  markov_text  continues a text with a Markov chain, streaming it word by word
  picture      tells the size of the picture that it got
  scalars      sends back the inputs that it got, to see what a worker sees

    examples/worker.py --server http://localhost:8080 --job-type mandelbrot

A job type of your own is a class like the ones below, named in JOB_TYPES.
"""

import argparse
import base64
import http.client
import json
import math
import os
import random
import re
import signal
import socket
import struct
import sys
import time
import urllib.parse
import zlib

VERSION = "AIME example worker 1.0"
INTERFACE_VERSION = "0.9.6"
DEMO_AUTH_KEY = "demo-worker-key-replace-me"
CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "corpus.txt")

REPORT_INTERVAL = 0.25          # seconds between two progress reports
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
WARNINGS_IN_A_ROW = 3
GOODBYE_TIMEOUT = 2.0


# ---------------------------------------------------------------- transport

class ServerAway(Exception):
    """No connection, or 503: worth another try, after a pause."""


class ServerRefused(Exception):
    """The server answered, and another try would get the same answer."""


class Canceled(Exception):
    """The server wants no more work on this job."""


class Stop(BaseException):
    """SIGTERM or Ctrl-C; a BaseException so that no handler swallows it."""


class Connection:
    """Posts JSON over one connection that is kept open between requests."""

    def __init__(self, url, timeout):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not an http(s) URL: {url}")
        secure = parts.scheme == "https"
        self.kind = (http.client.HTTPSConnection if secure
                     else http.client.HTTPConnection)
        self.address = (parts.hostname, parts.port or (443 if secure else 80))
        self.prefix = parts.path.rstrip("/")
        self.timeout = timeout
        self.http = None

    def close(self):
        if self.http:
            self.http.close()
            self.http = None

    def post(self, route, document):
        """Returns the decoded answer of status 200, or raises."""
        body = json.dumps(document).encode()
        reused = self.http is not None
        try:
            status, answer = self._exchange(route, body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            # A kept connection may have been closed while we computed; that
            # says nothing about the server, so one fresh try comes at once.
            if reused and not isinstance(error, socket.timeout):
                return self.post(route, document)
            raise ServerAway(f"{route}: {error or type(error).__name__}") \
                from error
        return self._decode(route, status, answer)

    def _exchange(self, route, body):
        if self.http is None:
            self.http = self.kind(*self.address, timeout=self.timeout)
            self.http.connect()
            self.http.sock.setsockopt(socket.IPPROTO_TCP,
                                      socket.TCP_NODELAY, 1)
        elif self.http.sock:
            self.http.sock.settimeout(self.timeout)
        self.http.request("POST", self.prefix + route, body,
                          {"Content-Type": "application/json"})
        response = self.http.getresponse()
        answer = response.read()
        if response.will_close:
            self.close()
        return response.status, answer

    @staticmethod
    def _decode(route, status, answer):
        if status == 503:
            raise ServerAway(f"{route}: 503 service unavailable")
        text = answer.decode("utf-8", "replace")
        if status != 200:
            raise ServerRefused(f"{route}: status {status}: {text[:200]}")
        try:
            return json.loads(text)
        except ValueError as error:
            raise ServerRefused(f"{route}: no JSON: {text[:200]}") from error


# --------------------------------------------------------------- mandelbrot

def png(width, height, rows):
    """An RGB PNG file; rows are bytes of 3 * width each."""
    def chunk(kind, data):
        check = zlib.crc32(kind + data)
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", check))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = b"".join(b"\0" + row for row in rows)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(pixels, 6)) + chunk(b"IEND", b""))


def data_uri(image):
    return "data:image/png;base64," + base64.b64encode(image).decode()


class Mandelbrot:
    """Renders line by line, a coarse grid of lines first.

    Whatever is cancelled or watched half-way already has a whole picture at a
    lower resolution, which is what the previews show.
    """

    title = "Mandelbrot set on the CPU"
    family, model_type = "Fractal", "image"

    PREVIEW_WIDTH = 160
    COLORS = 256
    # the last color of a palette meets the first, for counts go round it
    STOPS = {
        "fire": ((0, 0, 0), (128, 8, 0), (240, 96, 0), (255, 232, 96),
                 (255, 255, 255), (0, 0, 0)),
        "ocean": ((0, 4, 32), (0, 64, 128), (16, 160, 200), (208, 248, 255),
                  (0, 4, 32)),
        "forest": ((8, 16, 4), (24, 88, 32), (136, 176, 40), (248, 240, 176),
                   (8, 16, 4)),
        "gray": ((0, 0, 0), (255, 255, 255), (0, 0, 0)),
    }

    def __init__(self, _options):
        self.palettes = {name: self._palette(stops)
                         for name, stops in self.STOPS.items()}

    def run(self, job, report):
        width, height = job.get("width", 640), job.get("height", 480)
        limit = job.get("max_iterations", 200)
        center = complex(job.get("center_x", -0.5), job.get("center_y", 0.0))
        scale = 4.0 / job.get("zoom", 1.0) / width
        palette = self.palettes[job.get("palette", "fire")]
        # the id of a job whose client waits is known to nobody: no watchers
        watched = not job.get("wait_for_result")

        rows = [None] * height
        points = 0
        left = center.real - scale * (width - 1) / 2
        for done, y in enumerate(self._coarse_first(height), 1):
            imag = center.imag + scale * ((height - 1) / 2 - y)
            rows[y], inner = self._row(left, imag, scale, width, limit,
                                       palette)
            points += inner
            report(100.0 * done / height,
                   lambda: self._preview(rows, width) if watched else None)

        result = {name: job[name] for name in ("center_x", "center_y", "zoom",
                                               "palette") if name in job}
        result.update(
            images=[data_uri(png(width, height, rows))], width=width,
            height=height, max_iterations=limit,
            inside_percent=round(100.0 * points / (width * height), 2))
        return result

    @staticmethod
    def _coarse_first(height):
        """Every eighth line, then the ones between, and so on."""
        yield from range(0, height, 8)
        for step in (4, 2, 1):
            yield from range(step, height, 2 * step)

    def _preview(self, rows, width):
        """A small PNG; a line that is missing shows the one above it."""
        step = -(-width // self.PREVIEW_WIDTH)
        lines = []
        for y in range(0, len(rows), step):
            while rows[y] is None:
                y -= 1
            pixels = bytearray()
            for x in range(0, width, step):
                pixels += rows[y][3 * x:3 * x + 3]
            lines.append(bytes(pixels))
        image = png(-(-width // step), len(lines), lines)
        return {"progress_images": [data_uri(image)]}

    @classmethod
    def _row(cls, left, imag, scale, width, limit, palette):
        """The pixels of one line, and how many of them are in the set."""
        pixels = []
        inner = 0
        for x in range(width):
            real = left + scale * x
            if cls._in_bulbs(real, imag):
                count, z = limit, 0j
            else:
                count, z = cls._escape(complex(real, imag), limit)
            if count >= limit:
                inner += 1
                pixels.append(b"\0\0\0")
            else:
                # fractional count: bands would show the integers
                smooth = count + 1 - math.log2(math.log2(abs(z)))
                shade = int(24 * math.sqrt(max(smooth, 0.0)))
                pixels.append(palette[shade % cls.COLORS])
        return b"".join(pixels), inner

    @staticmethod
    def _in_bulbs(real, imag):
        """The two largest parts of the set have formulas: no iterating."""
        square = imag * imag
        q = (real - 0.25) ** 2 + square
        return (q * (q + real - 0.25) <= 0.25 * square
                or (real + 1.0) ** 2 + square <= 0.0625)

    @staticmethod
    def _escape(c, limit):
        z = 0j
        for count in range(limit):
            z = z * z + c
            # a wide radius keeps the logarithms of the smooth count exact
            if z.real * z.real + z.imag * z.imag > 256.0:
                return count, z
        return limit, z

    @classmethod
    def _palette(cls, stops):
        colors = []
        for i in range(cls.COLORS):
            position = i * (len(stops) - 1) / cls.COLORS
            low = int(position)
            part = position - low
            colors.append(bytes(
                round(a + (b - a) * part)
                for a, b in zip(stops[low], stops[low + 1])))
        return colors


# -------------------------------------------------------------- markov_text

class MarkovText:
    """Continues a text with the words that followed its last ones before.

    The chain knows what came after each two words of its text and, where it
    never saw those two, after the last one alone.
    """

    title = "Markov chain of order 2"
    family, model_type = "Markov", "text"

    TOKEN = re.compile(r"\w+(?:['’-]\w+)*|[.,;:!?]")
    CLOSING = ".,;:!?"
    SENTENCE_END = ".!?"

    def __init__(self, options):
        with open(options.text, encoding="utf-8") as file:
            tokens = self.TOKEN.findall(file.read())
        if len(tokens) < 3:
            raise ValueError(f"{options.text}: too little text to learn from")
        self.pause = 1.0 / options.pace if options.pace > 0 else 0.0
        self.follow = {}
        previous, last = "", "."
        for token in tokens:
            self._count((last.lower(),), token)
            self._count((previous.lower(), last.lower()), token)
            previous, last = last, token

    def _count(self, state, token):
        counts = self.follow.setdefault(state, {})
        counts[token] = counts.get(token, 0) + 1

    def run(self, job, report):
        prompt = self._prompt(job)
        history = self.TOKEN.findall(prompt)
        choose = self._chooser(job)
        text, made = "", 0
        for made in range(1, job.get("max_gen_tokens", 200) + 1):
            token = choose(history)
            if not text or token in self.CLOSING:
                text += token
            else:
                text += " " + token
            history.append(token)
            report(100.0 * made / job.get("max_gen_tokens", 200),
                   lambda: {"text": text, "num_generated_tokens": made})
            time.sleep(self.pause)
            if token in self.SENTENCE_END and self._is_enough(job, made):
                break
        return {"text": text, "num_generated_tokens": made,
                "prompt_length": len(history) - made}

    @staticmethod
    def _is_enough(job, made):
        """Ends on a sentence when the next may not fit any more."""
        return made >= job.get("max_gen_tokens", 200) - 20

    @staticmethod
    def _prompt(job):
        """The prompt, or the last message that a chat context ends with."""
        if job.get("prompt_input"):
            return job["prompt_input"]
        context = job.get("chat_context") or []
        content = context[-1].get("content", "") if context else ""
        if isinstance(content, list):
            content = " ".join(item.get("text", "") for item in content)
        return content

    def _chooser(self, job):
        """A function that draws the next token, with the job's settings."""
        seed = job.get("seed", -1)
        source = random.Random(seed if seed >= 0 else None)
        temperature = job.get("temperature", 0.8)
        top_k, top_p = job.get("top_k", 40), job.get("top_p", 0.9)

        def choose(history):
            counts = sorted(self._candidates(history).items(),
                            key=lambda item: (-item[1], item[0]))[:top_k]
            if temperature <= 0:
                return counts[0][0]
            weights = [n ** (1.0 / temperature) for _, n in counts]
            limit = top_p * sum(weights)
            kept, mass = 0, 0.0
            while kept < len(weights) and (kept == 0 or mass < limit):
                mass += weights[kept]
                kept += 1
            tokens = [token for token, _ in counts[:kept]]
            return source.choices(tokens, weights[:kept])[0]

        return choose

    def _candidates(self, history):
        words = [word.lower() for word in history[-2:]]
        return (self.follow.get(tuple(words))
                or self.follow.get(tuple(words[-1:]))
                or self.follow[(".",)])


# ------------------------------------------------------------------ picture

class Picture:
    """Tells the size of a picture.

    Whatever format and size the client sent: the server has made it the PNG
    that the endpoint file asks for.
    """

    title = "Size of a picture"
    family, model_type = "Header", "image"

    def __init__(self, _options):
        pass

    def run(self, job, _report):
        image = base64.b64decode(job["image"].partition(",")[2], validate=True)
        if image[:8] != b"\x89PNG\r\n\x1a\n":
            raise ValueError("the image is no PNG")
        width = int.from_bytes(image[16:20], "big")
        height = int.from_bytes(image[20:24], "big")
        return {"text": f"{width} x {height} pixels, {len(image)} bytes",
                "width": width, "height": height}


# ------------------------------------------------------------------ scalars

class Scalars:
    """Answers with its inputs and their types, as they reached the worker."""

    title = "Echo of all inputs"
    family, model_type = "Echo", "echo"

    HIDDEN = ("job_id", "start_time", "start_time_compute", "wait_for_result")
    STEPS = 10

    def __init__(self, _options):
        pass

    def run(self, job, report):
        for step in range(1, self.STEPS + 1):
            time.sleep(job.get("duration", 0.5) / self.STEPS)
            report(100.0 * step / self.STEPS,
                   lambda: {"status": f"step {step} of {self.STEPS}"})
        received = {name: value for name, value in job.items()
                    if name not in self.HIDDEN}
        text = "\n".join(f"{name} = {json.dumps(value)} "
                         f"({type(value).__name__})"
                         for name, value in received.items())
        return {"text": text, "received": received}


JOB_TYPES = {"mandelbrot": Mandelbrot, "markov_text": MarkovText,
             "picture": Picture, "scalars": Scalars}


# ------------------------------------------------------------------- worker

class Worker:
    """The protocol: login, poll, progress, result."""

    def __init__(self, options):
        self.options = options
        self.model = JOB_TYPES[options.job_type](options)
        self.server = Connection(options.server, options.request_timeout)
        self.identity = {"auth": options.name, "auth_key": options.auth_key}
        self.running = {}           # job id → job, in hand and not answered
        self.done = 0

    # -- life

    def work(self):
        """Serves until stopped, or until a batch is done with --once."""
        self.persist(self.introduce)
        warnings = 0
        while True:
            answer = self.persist(self.request_jobs)
            command = answer.get("cmd")
            if command == "job":
                warnings = 0
                self.compute_batch(answer)
                if self.options.once:
                    return
            elif command == "no_job":
                warnings = 0
            elif command == "warning" and warnings < WARNINGS_IN_A_ROW:
                warnings += 1
                log(f"warning: {answer.get('msg')}")
                time.sleep(FIRST_PAUSE * warnings)
            elif command == "error" and self.was_forgotten():
                log("the server does not know us any more, logging in again")
                time.sleep(FIRST_PAUSE)
                self.persist(self.introduce)
            else:
                reason = answer.get("msg", answer)
                raise ServerRefused(f"job request: {reason}")

    def persist(self, action, *arguments):
        """Does it again, with growing pauses, while the server is away."""
        pause = FIRST_PAUSE
        while True:
            try:
                return action(*arguments)
            except ServerAway as error:
                delay = pause * random.uniform(0.75, 1.25)
                log(f"server is away ({error}), trying again in {delay:.1f} s")
                time.sleep(delay)
                pause = min(2 * pause, LONGEST_PAUSE)

    # -- login and long poll

    def introduce(self):
        """Generation B logs in; generation A does so with each request."""
        if self.options.legacy:
            log(f"{self.options.name} serves {self.options.job_type} "
                "(generation A, no login)")
            return
        parameters = dict(
            self.identity, job_type=self.options.job_type,
            interface_version=INTERFACE_VERSION, version=VERSION,
            max_batch_size=self.options.batch, **self.hardware())
        model = {name[len("model_"):]: value
                 for name, value in self.description().items()}
        answer = self.server.post("/worker_login", {
            "worker_parameters": parameters, "model_parameters": model})
        if not answer.get("success"):
            raise ServerRefused(f"login: {answer.get('msg', answer)}")
        # A poll is answered before this has passed; what takes longer, hangs.
        self.server.timeout = float(answer.get("request_timeout", 60))
        log(f"{self.options.name} serves {self.options.job_type} "
            f"(server {answer.get('api_server_version')})")

    def request_jobs(self):
        request = dict(self.identity, max_job_batch=self.options.batch)
        if self.options.legacy:
            request.update(
                self.hardware(), job_type=self.options.job_type,
                version=INTERFACE_VERSION, worker_version=VERSION,
                request_timeout=self.options.request_timeout,
                **self.description())
        return self.server.post("/worker_job_request", request)

    def was_forgotten(self):
        """A restarted server has lost our login, but takes the key still."""
        if self.options.legacy:
            return False
        status = self.persist(
            self.server.post, "/worker_check_server_status",
            dict(self.identity, job_type=self.options.job_type))
        return (not status.get("logged_in") and status.get("key_valid", True)
                and status.get("job_type_present", True))

    @staticmethod
    def hardware():
        return {"gpu_name": "CPU", "num_gpus": 0, "framework": "Python",
                "framework_version": sys.version.split()[0],
                "pytorch_version": None}

    def description(self):
        return {"model_label": self.model.title, "model_quantization": "none",
                "model_size": "0", "model_family": self.model.family,
                "model_type": self.model.model_type, "model_repo_name": None}

    # -- jobs

    def compute_batch(self, answer):
        """One after the other; a GPU would compute them side by side."""
        jobs = answer.get("job_data", [])
        if isinstance(jobs, dict):      # the oldest servers send one object
            jobs = [jobs]
        arrival = time.time()
        self.running = {job["job_id"]: job for job in jobs}
        for job in jobs:
            if job["job_id"] in self.running:
                self.compute(job, answer.get("endpoint_name"), arrival)

    def compute(self, job, endpoint, arrival):
        job_id = job["job_id"]
        started = time.monotonic()
        reporter = Reporter(self, job_id)
        try:
            result = self.model.run(job, reporter)
        except Canceled:
            result = {"error": "the job was canceled"}
        except (ArithmeticError, KeyError, TypeError, ValueError) as error:
            result = {"error": f"{type(error).__name__}: {error}"}
        result.update(arrival_time=arrival, finished_time=time.time())
        self.finish(job_id, result)
        self.done += 1
        log(f"{endpoint} {job_id} {result.get('error', 'done')} "
            f"({time.monotonic() - started:.2f} s)")

    def finish(self, job_id, result):
        try:
            answer = self.persist(self.server.post, "/worker_job_result",
                                  self.result(job_id, result))
        except ServerRefused as error:  # sent again, it would be refused again
            answer = {"cmd": "error", "msg": str(error)}
        self.running.pop(job_id, None)
        if answer.get("cmd") != "ok":
            log(f"result of {job_id} was not taken: {answer.get('msg')}")

    def result(self, job_id, result):
        return dict(self.identity, job_id=job_id, version=INTERFACE_VERSION,
                    job_type=self.options.job_type, **result)

    def report(self, job_id, progress, data):
        """Reports on the current job and, without data, on those behind it:
        to the server a job that nobody speaks of for long is a lost one."""
        reports = [self.progress(job_id, progress, data)]
        if not self.options.legacy:
            reports += [self.progress(other, 0, None)
                        for other in self.running if other != job_id]
        answer = self.server.post(
            "/worker_job_progress",
            reports[0] if self.options.legacy else reports)
        if isinstance(answer, dict):
            if answer.get("cmd") == "error":
                raise ServerRefused(f"progress: {answer.get('msg')}")
            answer = [answer]
        canceled = {item.get("job_id") for item in answer
                    if item.get("canceled")}
        for other in canceled - {job_id}:
            # it has not begun; the result tells the server that we know
            self.finish(other, {"error": "the job was canceled"})
        if job_id in canceled:
            raise Canceled

    def progress(self, job_id, progress, data):
        return dict(self.identity, job_id=job_id, progress=progress,
                    job_type=self.options.job_type, progress_data=data)

    def say_goodbye(self):
        """Tells the clients of unfinished jobs, who would wait for nothing.

        On a connection of its own: the other may be in the middle of things.
        """
        self.server.close()
        self.server.timeout = GOODBYE_TIMEOUT
        try:
            for job_id in self.running:
                self.server.post("/worker_job_result", self.result(
                    job_id, {"error": "the worker was stopped"}))
        except (ServerAway, ServerRefused):
            pass
        self.server.close()


class Reporter:
    """What a job calls as often as it likes; only some calls are sent."""

    def __init__(self, worker, job_id):
        self.worker = worker
        self.job_id = job_id
        self.next = 0.0

    def __call__(self, percent, make_data):
        now = time.monotonic()
        if now < self.next:
            return
        try:
            self.worker.report(self.job_id, round(percent, 1), make_data())
        except (ServerAway, ServerRefused) as error:
            # the result matters more than the way there
            log(f"progress is not reported: {error}")
            self.next = now + 20 * REPORT_INTERVAL
            return
        self.next = time.monotonic() + REPORT_INTERVAL


# --------------------------------------------------------------------- main

def log(text):
    print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)


def positive(text):
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def parse_options():
    parser = argparse.ArgumentParser(
        description="Example worker of the AIME API protocol.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--server", default="http://localhost:8080",
                        metavar="URL", help="the API server")
    parser.add_argument("--auth-key", metavar="KEY",
                        default=argparse.SUPPRESS,  # no secrets in --help
                        help="the job type's WORKER.auth_key; better given "
                        "in the environment variable AIME_AUTH_KEY (default: "
                        "the demo key of conf/aime_api_server.cfg)")
    parser.add_argument("--job-type", choices=sorted(JOB_TYPES),
                        default="mandelbrot", help="the queue to serve")
    parser.add_argument("--batch", type=positive, default=1, metavar="N",
                        help="jobs to take at once")
    parser.add_argument("--name", help="name of this worker, unique within "
                        "its job type (default: made from host, job type and "
                        "process id)", default=argparse.SUPPRESS)
    parser.add_argument("--once", action="store_true",
                        help="stop after the first job or batch")
    parser.add_argument("--legacy", action="store_true",
                        help="speak generation A of the protocol: no login")
    parser.add_argument("--text", metavar="FILE", default=CORPUS,
                        help="what markov_text learns from")
    parser.add_argument("--pace", type=float, default=40.0, metavar="N",
                        help="tokens per second of markov_text, 0 for as "
                        "fast as it goes")
    parser.add_argument("--request-timeout", type=positive, default=60,
                        metavar="SECONDS", help="of a poll, until the server "
                        "names its own")
    options = parser.parse_args()
    if "auth_key" not in options:
        options.auth_key = os.environ.get("AIME_AUTH_KEY", DEMO_AUTH_KEY)
    if "name" not in options:
        options.name = (f"{socket.gethostname()}_{options.job_type}"
                        f"_{os.getpid()}")
    return options


def stop(_signal, _frame):
    raise Stop


def ignore_signals():
    """Once is enough: a second Ctrl-C would interrupt the goodbye."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def main():
    options = parse_options()
    try:
        worker = Worker(options)
    except (OSError, ValueError) as error:
        log(f"cannot start: {error}")
        return 2
    try:
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
        worker.work()
        return 0
    except Stop:
        ignore_signals()
        log(f"stopped after {worker.done} job(s)")
        return 0
    except ServerRefused as error:
        ignore_signals()
        log(f"giving up: {error}")
        return 1
    finally:
        worker.say_goodbye()


if __name__ == "__main__":
    sys.exit(main())
