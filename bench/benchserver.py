"""An nginx with the module for a measurement, and a bare client for it."""

import glob
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

FILES = min(16384, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))

CONF = """
load_module {module};
daemon off;
{procs}
worker_rlimit_nofile {files};
{user}
error_log logs/error.log notice;
pid logs/nginx.pid;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path tmp;
    proxy_temp_path tmp;
    fastcgi_temp_path tmp;
    uwsgi_temp_path tmp;
    scgi_temp_path tmp;
    keepalive_requests 1000000;
    keepalive_timeout 600s;
    aime_api_zone aime {zone};
    aime_api_server_config server.cfg;
    server {{
        listen 127.0.0.1:{port} reuseport backlog=4096;
        location = /pid {{ return 200 $pid; }}
        aime_api_endpoints endpoints;
        {directives}
        location /worker_ {{ aime_api_worker_interface; }}
        location /api/ {{ aime_api_info; }}
    }}
}}
"""

SERVER = """
[CLIENTS]
default_authorization_keys = { "bench" = "client-key" }
[WORKERS]
default_auth_key = "worker-key"
"""


class Server:
    """An nginx of its own, in a folder that goes with it.

    endpoints: the text of each endpoint's file by its name; directives: more
    of the server block, where {dir} is that folder; procs: worker processes, 0
    for none but the first one; under: the command that runs nginx; zone: its
    size.
    """

    def __init__(self, endpoints, directives="", procs=2, under=(),
                 zone="64m"):
        self.count = procs
        self.dir = tempfile.mkdtemp(prefix="aime-bench-")
        self.port = free_port()
        module = os.environ.get("MODULE") or os.path.join(
            ROOT, "build", "ngx_http_aime_api_module.so")
        self.write("conf/nginx.conf", CONF.format(
            procs="worker_processes %d;" % procs if procs
            else "master_process off;",
            module=os.path.abspath(module), port=self.port, files=FILES,
            zone=zone,
            directives=directives.format(dir=self.dir),
            user="user root;" if os.getuid() == 0 else ""))
        self.write("conf/server.cfg", SERVER)
        for name, text in endpoints.items():
            self.write("conf/endpoints/%s/aime_api_endpoint.cfg" % name, text)
        for name in ("logs", "tmp"):
            os.makedirs(os.path.join(self.dir, name))
        self.nginx = subprocess.Popen(
            [*under, os.environ.get("NGINX") or shutil.which(
                "nginx", path=os.environ["PATH"] + ":/usr/sbin") or "nginx",
             "-p", self.dir + "/", "-c", "conf/nginx.conf",
             "-e", "logs/error.log"], env={
                 k: v for k, v in os.environ.items() if k != "NGINX"})

    def __enter__(self):
        end = time.monotonic() + 30
        while len(self.procs()) < self.count or not self.listens():
            if self.nginx.poll() is not None or time.monotonic() > end:
                sys.exit("nginx did not start:\n" + self.log())
            time.sleep(0.01)
        return self

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except ConnectionRefusedError:
            return False
        return True

    def __exit__(self, *_):
        self.nginx.send_signal(signal.SIGTERM)
        self.nginx.wait()
        bad = [line for line in self.log().splitlines()
               if "[alert]" in line or "[emerg]" in line]
        shutil.rmtree(self.dir)
        if bad:
            sys.exit("\n".join(bad))

    def write(self, path, text):
        path = os.path.join(self.dir, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as out:
            out.write(text)

    def log(self):
        with open(os.path.join(self.dir, "logs/error.log")) as log:
            return log.read()

    def procs(self):
        """Pids of the worker processes."""
        pids = []
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path) as stat:
                    pid, rest = stat.read().split(" (", 1)
                if int(rest.rsplit(")", 1)[1].split()[1]) == self.nginx.pid:
                    pids.append(int(pid))
            except (OSError, ValueError):
                continue
        return sorted(pids)

    def memory(self, field):
        """Of the worker processes, summed, in bytes."""
        total = 0
        for pid in self.procs():
            with open("/proc/%d/status" % pid) as status:
                for line in status:
                    if line.startswith(field + ":"):
                        total += int(line.split()[1]) * 1024
        return total

    def connect(self, pid=None):
        """A keep-alive connection, to that process if one is named."""
        while True:
            conn = Connection(self.port)
            if pid is None or conn.request("GET", "/pid") == str(pid).encode():
                return conn
            conn.close()


class Connection:
    """HTTP/1.1 over one socket, as bare as can be."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, method, path, body=None):
        data = b"" if body is None else body if isinstance(body, bytes) \
            else json.dumps(body).encode()
        self.sock.sendall(("%s %s HTTP/1.1\r\nHost: bench\r\n"
                           "Content-Type: application/json\r\n"
                           "Content-Length: %d\r\n\r\n"
                           % (method, path, len(data))).encode() + data)

    def receive(self):
        data = b""
        while True:
            part = self.sock.recv(65536)
            if not part:
                raise EOFError("nginx closed a connection")
            data += part
            head, sep, body = data.partition(b"\r\n\r\n")
            if not sep:
                continue
            length = int(head.lower().split(b"content-length:")[1].split()[0])
            if len(body) >= length:
                return body

    def request(self, method, path, body=None):
        self.send(method, path, body)
        return self.receive()

    def close(self):
        self.sock.close()


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
