"""What the example workers share: a worker's side of the AIME API protocol.

A worker logs in, waits for jobs in a long poll, computes several at once, each
in a thread of its own, reports their progress and posts their results.  What it
computes is a Model:

    class Upper(aime_worker.Model):
        title, family, model_type = "Upper case", "Upper", "text"

        def run(self, job, report):
            report(50, lambda: {"text": "half of it"})
            return {"text": job["prompt"].upper()}

    parser = aime_worker.option_parser("Makes capitals.", "upper")
    sys.exit(aime_worker.serve(Upper, aime_worker.parse_options(parser)))

Python's standard library only, 3.9 or newer.
"""

import argparse
import http.client
import json
import os
import random
import signal
import socket
import sys
import threading
import time
import urllib.parse

VERSION = "AIME example worker 1.1"
INTERFACE_VERSION = "0.9.6"
DEMO_AUTH_KEY = "demo-worker-key-replace-me"

# Seconds between two words about a job that has nothing new to tell.  The
# answer says which jobs were canceled, so it is also how soon one hears.
HEARTBEAT = 1.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
# statuses that pass: of limits, and of a proxy with nothing behind it
AWAY = (429, 502, 503, 504)
WARNINGS_IN_A_ROW = 3
GOODBYE_TIMEOUT = 2.0


# ---------------------------------------------------------------- transport

class ServerAway(Exception):
    """No connection, or a status that passes: worth another try, after a
    pause."""


class ServerRefused(Exception):
    """The server answered, and another try would get the same answer."""


class Canceled(Exception):
    """The server wants no more work on this job."""


class JobFailed(Exception):
    """What a job's run() raises to give the client that very text."""


class Stop(BaseException):
    """SIGTERM or Ctrl-C; a BaseException so that no handler swallows it."""


class Server:
    """Posts JSON from any thread, over connections that are kept open.

    Each request takes one that is idle: a poll, the reports, and the results
    of several threads are under way at the same time.
    """

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
        self.idle = []              # append and pop need no lock

    def post(self, route, document):
        """Returns the decoded answer of status 200, or raises.

        ValueError or TypeError: the document has what JSON cannot hold.
        """
        body = json.dumps(document, allow_nan=False).encode()
        try:
            status, answer = self._exchange(route, body)
        except (OSError, http.client.HTTPException) as error:
            raise ServerAway(f"{route}: {error or type(error).__name__}") \
                from error
        return self._decode(route, status, answer)

    def _exchange(self, route, body):
        try:
            connection = self.idle.pop()
        except IndexError:
            return self._send(self._connect(), route, body)
        try:
            return self._send(connection, route, body)
        except socket.timeout:
            raise
        except (OSError, http.client.HTTPException):
            # A kept connection may have been closed while we computed; that
            # says nothing about the server, so one fresh try comes at once.
            return self._send(self._connect(), route, body)

    def _connect(self):
        connection = self.kind(*self.address, timeout=self.timeout)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _send(self, connection, route, body):
        try:
            connection.sock.settimeout(self.timeout)
            connection.request("POST", self.prefix + route, body,
                               {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = response.read()
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self.idle.append(connection)
        return response.status, answer

    @staticmethod
    def _decode(route, status, answer):
        if status in AWAY:
            raise ServerAway(f"{route}: status {status}")
        text = answer.decode("utf-8", "replace")
        if status != 200:
            raise ServerRefused(f"{route}: status {status}: {text[:200]}")
        try:
            return json.loads(text)
        except ValueError as error:
            raise ServerRefused(f"{route}: no JSON: {text[:200]}") from error


# --------------------------------------------------------------------- jobs

class Model:
    """What a worker computes.  run() is called by several threads at once."""

    title = family = model_type = "none"
    interval = 0.25                 # seconds between two reports of a job

    def __init__(self, _options):
        pass

    def ready(self):
        """Returns when jobs may be taken; called before each request."""

    def run(self, job, report):
        """Takes the job's inputs and a Report; returns the outputs.

        Any exception becomes the job's error.
        """
        raise NotImplementedError


class Report:
    """A running job: what its thread tells, and is told, about it.

    Called with a percentage and a function that makes the progress data, as
    often as one likes: the data are only made when they will be sent.  Raises
    Canceled where nobody wants the result any more.
    """

    def __init__(self, worker, job_id):
        self.worker = worker
        self.job_id = job_id
        self.canceled = threading.Event()
        self.ended = False          # somebody has the result in hand
        self.on_cancel = None       # called, once, from another thread
        self.state = (0, None)      # percentage and data
        self.fresh = False          # they were not sent yet
        self.next = 0.0             # when the job may report again
        self.told = time.monotonic()

    def __call__(self, percent, make_data):
        self.check()
        now = time.monotonic()
        if now < self.next:
            return
        self.next = now + self.worker.model.interval
        self.worker.tell(self, (round(percent, 1), make_data()))

    def check(self):
        if self.canceled.is_set():
            raise Canceled

    def sleep(self, seconds):
        if seconds > 0:
            self.canceled.wait(seconds)
        self.check()

    def cancel(self):
        if not self.canceled.is_set():
            self.canceled.set()
            if self.on_cancel:
                self.on_cancel()


# ------------------------------------------------------------------- worker

class Worker:
    """The protocol: login, poll, progress, result."""

    def __init__(self, model, options):
        self.model = model
        self.options = options
        self.server = Server(options.server, options.request_timeout)
        self.identity = {"auth": options.name, "auth_key": options.auth_key}
        self.changed = threading.Condition()
        self.running = {}           # job id → Report, until it is answered
        self.done = 0

    # -- life

    def work(self):
        """Serves until stopped, or until a batch is done with --once."""
        self.model.ready()
        self.persist(self.introduce)
        self.start_thread(self.send_reports)
        warnings = 0
        while True:
            self.model.ready()
            answer = self.persist(self.request_jobs, self.wait_for_room())
            command = answer.get("cmd")
            if command == "job":
                warnings = 0
                self.start_jobs(answer)
                if self.options.once:
                    self.wait_for_all()
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

    @staticmethod
    def persist(action, *arguments):
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

    @staticmethod
    def start_thread(function, *arguments):
        threading.Thread(target=function, args=arguments, daemon=True).start()

    def wait_for_room(self):
        """How many jobs to ask for."""
        with self.changed:
            self.changed.wait_for(
                lambda: len(self.running) < self.options.batch)
            return self.options.batch - len(self.running)

    def wait_for_all(self):
        with self.changed:
            self.changed.wait_for(lambda: not self.running)

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

    def request_jobs(self, count):
        request = dict(self.identity, max_job_batch=count)
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

    def start_jobs(self, answer):
        jobs = answer.get("job_data", [])
        if isinstance(jobs, dict):      # the oldest servers send one object
            jobs = [jobs]
        arrival = time.time()
        for job in jobs:
            report = Report(self, job["job_id"])
            with self.changed:
                if report.job_id in self.running:
                    continue        # the server took it for lost
                self.running[report.job_id] = report
            self.start_thread(self.compute, job, report,
                              answer.get("endpoint_name"), arrival)

    def compute(self, job, report, endpoint, arrival):
        started = time.monotonic()
        outcome = "done"
        try:
            result = dict(self.model.run(job, report))
        except Exception as error:
            # its text may quote the inputs: it is for the client, not the log
            outcome = "canceled" if report.canceled.is_set() \
                else type(error).__name__
            result = {"error": self.error_text(report, error)}
        result.update(arrival_time=arrival, finished_time=time.time())
        self.finish(report, result)
        log(f"{endpoint} {report.job_id} {outcome} "
            f"({time.monotonic() - started:.2f} s)")

    @staticmethod
    def error_text(report, error):
        if report.canceled.is_set():
            return "the job was canceled"
        if isinstance(error, JobFailed):
            return str(error)
        return f"{type(error).__name__}: {error}"

    def finish(self, report, result):
        if not self.claim(report):
            return
        # sent again, it would be refused again: an error may be taken
        for content in (result, {"error": "the server refused the result"}):
            try:
                answer = self.persist(self.server.post, "/worker_job_result",
                                      self.message(report, content))
            except (ServerRefused, TypeError, ValueError) as error:
                answer = {"cmd": "error", "msg": str(error)}
            if answer.get("cmd") != "ok":
                log(f"result of {report.job_id} was not taken: "
                    f"{answer.get('msg')}")
            if answer.get("cmd") != "error":
                break
        with self.changed:
            del self.running[report.job_id]
            self.done += 1
            self.changed.notify_all()

    def claim(self, report):
        """Each job is answered once: by its thread, or by the goodbye."""
        with self.changed:
            mine = not report.ended
            report.ended = True
            report.fresh = False    # the result tells it
        return mine

    def message(self, report, content):
        return dict(self.identity, job_id=report.job_id,
                    job_type=self.options.job_type, version=INTERFACE_VERSION,
                    **content)

    # -- progress

    def tell(self, report, state):
        with self.changed:
            report.state = state
            report.fresh = not report.ended
            self.changed.notify_all()

    def send_reports(self):
        """A thread: sends the newest states, those of all jobs at once.

        What a job tells while a request is under way replaces what it told
        before, so that a slow server gets fewer reports and no old ones.
        """
        while True:
            try:
                self.send_due(self.wait_for_reports())
            except (ServerAway, ServerRefused, TypeError,
                    ValueError) as error:
                # the result matters more than the way there
                log(f"progress is not reported: {error}")
                time.sleep(FIRST_PAUSE)

    def wait_for_reports(self):
        """Of the jobs with something new, and of those that were silent: to
        the server a job that nobody speaks of for long is a lost one."""
        with self.changed:
            self.changed.wait_for(
                lambda: any(report.fresh for report in self.running.values()),
                HEARTBEAT)
            silent = time.monotonic() - HEARTBEAT
            return [self.progress(report) for report in self.running.values()
                    if not report.ended
                    and (report.fresh or report.told <= silent)]

    def progress(self, report):
        report.fresh = False
        report.told = time.monotonic()
        percent, data = report.state
        return dict(self.identity, job_id=report.job_id, progress=percent,
                    job_type=self.options.job_type, progress_data=data)

    def send_due(self, reports):
        """Generation A sends one by one; there may be none."""
        for body in reports if self.options.legacy else [reports]:
            answer = self.server.post("/worker_job_progress", body) \
                if body else []
            for item in answer if isinstance(answer, list) else [answer]:
                self.hear(item)

    def hear(self, answer):
        if not isinstance(answer, dict) or answer.get("cmd") == "error":
            raise ServerRefused(f"progress: {answer}")
        report = self.running.get(answer.get("job_id"))
        if report and answer.get("canceled"):
            report.cancel()

    # -- the end

    def say_goodbye(self):
        """Tells the clients of unfinished jobs, who would wait for nothing.

        On new connections: the others may be in the middle of things.
        """
        server = Server(self.options.server, GOODBYE_TIMEOUT)
        with self.changed:
            left = list(self.running.values())
        try:
            for report in filter(self.claim, left):
                server.post("/worker_job_result", self.message(
                    report, {"error": "the worker was stopped"}))
                with self.changed:
                    del self.running[report.job_id]
        except (ServerAway, ServerRefused):
            return
        with self.changed:          # results that are on their way
            self.changed.wait_for(lambda: not self.running, GOODBYE_TIMEOUT)


# --------------------------------------------------------------------- main

def log(text):
    print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)


def positive(text):
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def option_parser(description, job_type, job_types=None, batch=1):
    """The options that all workers have; add your own."""
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--server", default="http://localhost:8080",
                        metavar="URL", help="the API server")
    parser.add_argument("--auth-key", metavar="KEY",
                        default=argparse.SUPPRESS,  # no secrets in --help
                        help="the job type's WORKER.auth_key; better given "
                        "in the environment variable AIME_AUTH_KEY (default: "
                        "the demo key of conf/aime_api_server.cfg)")
    parser.add_argument("--job-type", choices=job_types, default=job_type,
                        metavar=None if job_types else "TYPE",
                        help="the queue to serve")
    parser.add_argument("--batch", type=positive, default=batch, metavar="N",
                        help="jobs to work on at once")
    parser.add_argument("--name", help="name of this worker, unique within "
                        "its job type (default: made from host, job type and "
                        "process id)", default=argparse.SUPPRESS)
    parser.add_argument("--once", action="store_true",
                        help="stop after the first job or batch")
    parser.add_argument("--legacy", action="store_true",
                        help="speak generation A of the protocol: no login")
    parser.add_argument("--request-timeout", type=positive, default=60,
                        metavar="SECONDS", help="of a poll, until the server "
                        "names its own")
    return parser


def parse_options(parser):
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


def serve(make_model, options):
    """Makes the model and works until stopped: the exit status."""
    try:
        worker = Worker(make_model(options), options)
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
