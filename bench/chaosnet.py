"""What bench/chaos is made of: a loop that runs actors over raw sockets, bare
HTTP/1.1, and an nginx of its own.  Knows nothing of jobs.

An actor is a generator.  It yields a number, to sleep so many seconds, or what
Conn.request() gives, to get the Answer; a connection that dies before the
answer is whole raises Died in it.
"""

import errno
import glob
import heapq
import itertools
import json
import os
import random
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

CONF = """
load_module {module};
daemon off;
worker_processes {procs};
worker_rlimit_nofile {files};
{user}
error_log logs/error.log info;
pid logs/nginx.pid;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path tmp;
    proxy_temp_path tmp;
    fastcgi_temp_path tmp;
    uwsgi_temp_path tmp;
    scgi_temp_path tmp;
    keepalive_requests 1000000;
    keepalive_timeout 600s;
    client_max_body_size 24m;
    aime_api_zone aime {zone};
    aime_api_server_config server.cfg;
    server {{
        listen 127.0.0.1:{port} reuseport backlog=4096;
        location = /zone {{ return 200 $aime_zone_used; }}
        location = /status {{ aime_api_status; }}
        aime_api_endpoints endpoints;
        location ~ ^/worker_ {{ aime_api_worker_interface; }}
        location /api/ {{ aime_api_info; }}
    }}
}}
"""

SERVER = """
[CLIENTS]
default_authorization_keys = { "chaos" = "client-key" }
[WORKERS]
default_auth_key = "worker-key"
"""

ENDPOINT = """
[ENDPOINT]
name = "%(name)s"
max_queue_length = 10000
%(endpoint)s
[WORKER]
job_type = "%(job_type)s"
%(worker)s
[INPUTS]
prompt = { type = "string" }
[OUTPUTS]
text = { type = "string" }
[PROGRESS.OUTPUTS]
text = { type = "string" }
[SESSION.VARS]
%(session)s
"""


class Died(Exception):
    """The connection; args: how ("refused", "before" any byte of the answer,
    "partial", "stuck"), and was it used before?"""

    def __init__(self, how, reused):
        super().__init__(how, reused)
        self.how, self.reused = how, reused


class Answer:
    def __init__(self, status, head, body):
        self.status, self.head, self.body = status, head, body

    @property
    def json(self):
        return json.loads(self.body)

    def header(self, name):
        for line in self.head.split(b"\r\n")[1:]:
            if line.lower().startswith(name.encode().lower() + b":"):
                return line.split(b":", 1)[1].strip().decode()
        return None


class Loop:
    def __init__(self):
        self.epoll = select.epoll()
        self.conns = {}                 # by fd
        self.active = set()             # exchanges
        self.timers = []
        self.ready = deque()
        self.count = itertools.count()
        self.looked = self.lag = 0

    def spawn(self, actor):
        task = Task(actor)
        self.ready.append((task, None, None))
        return task

    def cancel(self, task):
        """Drops an actor, and the connection that it waits on."""
        task.over = True
        if isinstance(task.waits, Exchange):
            task.waits.conn.close()
        task.actor.close()

    def run(self, until, timeout):
        """Until until() is true; False if the time is over before."""
        came = time.monotonic()
        end = came + timeout
        while True:
            while self.ready:
                self.step(*self.ready.popleft())
            if until():
                return True
            now = time.monotonic()
            self.lag = max(self.lag, now - came)
            if now > end:
                return False
            while self.timers and self.timers[0][0] <= now:
                self.ready.append((heapq.heappop(self.timers)[2], None, None))
            wait = 0 if self.ready else 0.05
            if self.timers and not self.ready:
                wait = min(wait, max(0, self.timers[0][0] - now))
            events = self.epoll.poll(wait, 256)
            came = time.monotonic()
            for fd, events in events:
                conn = self.conns.get(fd)
                if conn:
                    conn.happened(events)
            if now - self.looked > 1:
                self.looked = now
                for exchange in [e for e in self.active if now > e.limit]:
                    exchange.fail("stuck")

    def step(self, task, value, error):
        if task.over:
            return
        task.waits = None
        try:
            waits = (task.actor.throw(error) if error
                     else task.actor.send(value))
        except StopIteration:
            task.over = True
            return
        task.waits = waits
        if isinstance(waits, Exchange):
            waits.start(task)
        else:
            heapq.heappush(self.timers, (time.monotonic() + waits,
                                         next(self.count), task))


class Task:
    def __init__(self, actor):
        self.actor, self.waits, self.over = actor, None, False


class Conn:
    def __init__(self, loop, port, rcvbuf=0):
        self.loop, self.port, self.rcvbuf = loop, port, rcvbuf
        self.sock = self.exchange = None
        self.used = False

    def open(self):
        self.sock = socket.socket()
        self.sock.setblocking(False)
        if self.rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                 self.rcvbuf)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        error = self.sock.connect_ex(("127.0.0.1", self.port))
        if error not in (0, errno.EINPROGRESS):
            raise OSError(error, "connect")
        self.used = False
        self.fd = self.sock.fileno()
        self.loop.conns[self.fd] = self
        self.loop.epoll.register(self.fd, select.EPOLLIN | select.EPOLLOUT)

    def close(self):
        if self.exchange:
            self.loop.active.discard(self.exchange)
            self.exchange = None
        if self.sock:
            self.loop.epoll.unregister(self.fd)
            del self.loop.conns[self.fd]
            self.sock.close()
            self.sock = None

    def happened(self, events):
        if self.exchange:
            self.exchange.happened(events)
        else:                           # idle: nginx closed it
            self.close()

    def request(self, method, path, body=None, headers="", limit=60, first=0):
        """first: be content with so many bytes of the answer, if there is
        more; Answer.status is then 0 and body what came."""
        data = (body if isinstance(body, bytes) else b"" if body is None
                else json.dumps(body).encode())
        head = ("%s %s HTTP/1.1\r\nHost: chaos\r\n%sContent-Length: %d\r\n\r\n"
                % (method, path, headers, len(data))).encode()
        return Exchange(self, [head, data] if len(data) > 65536
                        else [head + data], limit, first)


class Exchange:
    """A request and its answer."""

    def __init__(self, conn, parts, limit, first):
        self.conn, self.first = conn, first
        self.parts = [memoryview(part) for part in parts]
        self.limit = time.monotonic() + limit
        self.got = bytearray()
        self.need = None

    def start(self, task):
        self.task = task
        conn = self.conn
        try:
            if conn.sock is None:
                conn.open()
            else:
                conn.loop.epoll.modify(conn.fd,
                                       select.EPOLLIN | select.EPOLLOUT)
        except OSError:
            self.fail("refused")
            return
        self.reused = conn.used
        conn.used = True
        conn.exchange = self
        conn.loop.active.add(self)

    def finish(self, value, error=None):
        self.conn.loop.active.discard(self)
        self.conn.exchange = None
        if error:
            self.conn.close()
        self.conn.loop.ready.append((self.task, value, error))

    def fail(self, how):
        self.finish(None, Died(how, getattr(self, "reused", False)))

    def happened(self, events):
        try:
            if self.parts and events & select.EPOLLOUT:
                self.send()
            if events & ~select.EPOLLOUT:
                self.receive()
        except BlockingIOError:
            pass
        except OSError as error:
            self.fail("refused" if error.errno == errno.ECONNREFUSED
                      else "partial" if self.got else "before")

    def send(self):
        sock = self.conn.sock
        while self.parts:
            part = self.parts[0]
            try:
                sent = sock.send(part)
            except (BrokenPipeError, ConnectionResetError):
                self.parts = []         # an answer may lie there even so
                break
            if sent < len(part):
                self.parts[0] = part[sent:]
            else:
                self.parts.pop(0)
        self.conn.loop.epoll.modify(self.conn.fd, select.EPOLLIN)

    def receive(self):
        part = self.conn.sock.recv(262144)
        if not part:
            self.fail("partial" if self.got else "before")
            return
        self.got += part
        if self.need is None:
            end = self.got.find(b"\r\n\r\n")
            if end < 0:
                return
            self.head = bytes(self.got[:end])
            length = 0
            for line in self.head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    length = int(line[15:])
            self.need, self.start_of_body = end + 4 + length, end + 4
        if self.first and self.first <= len(self.got) < self.need:
            self.conn.loop.epoll.modify(self.conn.fd, 0)    # reads no more
            self.finish(Answer(0, self.head, bytes(self.got)))
        elif len(self.got) >= self.need:
            answer = Answer(int(self.head[9:12]), self.head,
                            bytes(self.got[self.start_of_body:self.need]))
            if b"\r\nconnection: close" in self.head.lower():
                self.conn.exchange = None
                self.conn.loop.active.discard(self)
                self.conn.close()
            self.finish(answer)


class Nginx:
    """In a folder of its own.  endpoints: name -> {"job_type", "endpoint",
    "worker", "session"}, the last three being lines for these sections."""

    def __init__(self, procs, zone, endpoints, keep):
        self.dir = tempfile.mkdtemp(prefix="aime-chaos-")
        self.keep, self.nprocs = keep, procs
        self.port = free_port()
        self.killed = set()
        module = os.environ.get("MODULE") or os.path.join(
            ROOT, "build", "ngx_http_aime_api_module.so")
        self.conf = CONF.format(
            module=os.path.abspath(module), port=self.port, procs=procs,
            zone=zone, files=FILES,
            user="user root;" if os.getuid() == 0 else "")
        self.write("conf/nginx.conf", self.conf)
        self.write("conf/server.cfg", SERVER)
        for name, extra in endpoints.items():
            self.write("conf/endpoints/%s/aime_api_endpoint.cfg" % name,
                       ENDPOINT % dict({"name": name, "job_type": name,
                                        "endpoint": "", "worker": "",
                                        "session": ""},
                                       **extra))
        for name in ("logs", "tmp"):
            os.makedirs(os.path.join(self.dir, name))
        env = {k: v for k, v in os.environ.items() if k != "NGINX"}
        if env.get("AIME_ASAN"):
            env.update(sanitizer(self.dir))
        with open(os.path.join(self.dir, "logs/output"), "w") as out:
            self.process = subprocess.Popen(
                [os.environ.get("NGINX") or shutil.which(
                    "nginx", path=os.environ["PATH"] + ":/usr/sbin")
                 or "nginx", "-p", self.dir + "/", "-c", "conf/nginx.conf",
                 "-e", "logs/error.log"],
                env=env, stdout=out, stderr=out, stdin=subprocess.DEVNULL)

    def __enter__(self):
        end = time.monotonic() + 30
        while len(self.procs()) < self.nprocs:
            if self.process.poll() is not None or time.monotonic() > end:
                log = self.log()
                self.__exit__()
                sys.exit("nginx did not start:\n" + log)
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                for pid in self.children():
                    os.kill(pid, signal.SIGKILL)
                self.process.kill()
                self.process.wait()
        if not self.keep:
            shutil.rmtree(self.dir, ignore_errors=True)

    def write(self, path, text):
        path = os.path.join(self.dir, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as out:
            out.write(text)

    def log(self):
        text = ""
        for path in [os.path.join(self.dir, "logs", name)
                     for name in ("error.log", "output")] + glob.glob(
                         os.path.join(self.dir, "logs/san*")):
            try:
                with open(path, errors="replace") as log:
                    text += log.read()
            except FileNotFoundError:
                pass
        return text

    def problems(self):
        """Lines of the log that must not be there."""
        bad = []
        for line in self.log().splitlines():
            if not any(mark in line for mark in (
                    "[alert]", "[emerg]", "[crit]", "exited on signal",
                    "runtime error:", "Sanitizer")):
                continue
            if not any("worker process %d exited on signal 9" % pid in line
                       for pid in self.killed):
                bad.append(line)
        return bad

    def children(self):
        pid = self.process.pid
        try:
            with open("/proc/%d/task/%d/children" % (pid, pid)) as children:
                return [int(child) for child in children.read().split()]
        except OSError:
            return []

    def titled(self, title):
        pids = []
        for pid in self.children():
            try:
                with open("/proc/%d/cmdline" % pid) as line:
                    if line.read().strip("\0 ") == "nginx: " + title:
                        pids.append(pid)
            except OSError:
                pass
        return pids

    def procs(self):
        """Pids of the worker processes that serve."""
        return self.titled("worker process")

    def draining(self):
        return self.titled("worker process is shutting down")

    def reload(self, main=""):
        """With lines of the main context besides the others."""
        self.write("conf/nginx.conf", main + self.conf)
        self.process.send_signal(signal.SIGHUP)

    def kill(self, pid):
        self.killed.add(pid)
        os.kill(pid, signal.SIGKILL)


def sanitizer(folder):
    """As the tests' AimeNginx has it."""
    libs = []
    for name in ("libasan.so", "libubsan.so"):
        found = subprocess.run(
            [os.environ.get("CC") or "cc", "-print-file-name=" + name],
            stdout=subprocess.PIPE, check=True).stdout.decode().strip()
        libs.append(os.path.realpath(found))
    to = "log_path=%s/logs/san" % folder
    return {"LD_PRELOAD": " ".join(libs),
            "ASAN_OPTIONS": "detect_leaks=0:detect_odr_violation=0:" + to,
            "UBSAN_OPTIONS": "print_stacktrace=1:" + to}


def free_port():
    """Below the range that the kernel gives to connections."""
    while True:
        port = random.SystemRandom().randrange(12000, 32000)
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


FILES = min(16384, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
