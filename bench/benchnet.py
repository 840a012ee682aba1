"""The two nginx that bench/run compares, and the load generator's runs."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# What is measured, unless the environment names it
BUILT = {
    "MODULE": "ngx_http_aime_api_module.so",
    "BENCH_MODULE": "ngx_http_bench_module.so",
    "LOAD": "aime-load",
}


def built(name):
    return os.path.abspath(os.environ.get(name) or os.path.join(
        ROOT, "build", BUILT[name]))


MAIN = """
{modules}
daemon off;
worker_processes {procs};
{affinity}
worker_rlimit_nofile {files};
{user}
error_log logs/error.log warn;
pid logs/nginx.pid;
# so many that nginx never closes idle ones to have some left
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    client_body_temp_path tmp/body;
    proxy_temp_path tmp/proxy;
    fastcgi_temp_path tmp/fastcgi;
    uwsgi_temp_path tmp/uwsgi;
    scgi_temp_path tmp/scgi;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    client_max_body_size 80m;
{http}
    server {{
        listen 127.0.0.1:{port} {listen} backlog=4096;
        location = /pid {{ return 200 $pid; }}
{server}
    }}
}}
"""

AIME = {"http": """
    aime_api_zone aime {zone};
    aime_api_server_config server.cfg;
""", "server": """
        location = /zone { return 200 $aime_zone_used; }
        aime_api_endpoints endpoints;
        location ~ ^/worker_ { aime_api_worker_interface; }
        location /api/ { aime_api_info; }
        location = /stream_progress { aime_api_stream; }
        location /v1/ { aime_api_openai; }
"""}

PLAIN = {"http": "", "server": """
        client_body_buffer_size 80m;
        location = /return { return 200 "%s"; }
        location = /exchange { bench_exchange; }
        location = /hold { bench_hold; }
        location = /zone { return 200 0; }
""" % ("x" * 100)}

SERVER = """
[CLIENTS]
default_authorization_keys = { "bench" = "client-key" }
[WORKERS]
default_auth_key = "worker-key"
[OPENAI.MODELS]
chat = { endpoint = "chat" }
"""

ENDPOINT = """
[ENDPOINT]
name = "%(name)s"
max_queue_length = 4000000
max_time_in_queue = 36000
job_inactivity_timeout = 3600
result_lifetime = 3600
[WORKER]
job_type = "%(name)s"
request_timeout = 600
[INPUTS]
%(inputs)s
[OUTPUTS]
text = { type = "string" }
[PROGRESS.OUTPUTS]
text = { type = "string" }
"""


PROMPT = 'prompt = { type = "string" }'
CHAT = 'chat_context = { type = "chat_context" }'


def server_cpu():
    """The processor that nginx is pinned to, if there are several."""
    return 0 if os.cpu_count() > 1 else None


def load_cpu():
    return os.cpu_count() - 1 if os.cpu_count() > 1 else None


def nginx_binary():
    return os.environ.get("NGINX") or shutil.which(
        "nginx", path=os.environ["PATH"] + ":/usr/sbin") or "nginx"


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Nginx:
    """One nginx in a folder of its own: with the module, or plain."""

    def __init__(self, plain=False, procs=1, zone="256m", files=20000,
                 cpu=None):
        self.plain = plain
        self.dir = tempfile.mkdtemp(prefix="aime-bench-")
        self.port = free_port()
        module = built("BENCH_MODULE" if plain else "MODULE")
        part = PLAIN if plain else AIME
        self.write("conf/nginx.conf", MAIN.format(
            modules="load_module %s;" % module, procs=procs,
            port=self.port, files=files, connections=2 * files,
            listen="reuseport" if procs > 1 else "",
            affinity="" if cpu is None else
            "worker_cpu_affinity %s;" % bin(1 << cpu)[2:],
            user="user root;" if os.getuid() == 0 else "",
            http=part["http"].format(zone=zone), server=part["server"]))
        self.write("conf/server.cfg", SERVER)
        for name in ("bench", "other", "queue", "chat"):
            self.write("conf/endpoints/%s/aime_api_endpoint.cfg" % name,
                       ENDPOINT % {"name": name, "inputs": CHAT
                                   if name == "chat" else PROMPT})
        for name in ("logs", "tmp"):
            os.makedirs(os.path.join(self.dir, name))
        self.nginx = subprocess.Popen(
            [nginx_binary(), "-p", self.dir + "/", "-c", "conf/nginx.conf",
             "-e", "logs/error.log"], stderr=subprocess.DEVNULL, env={
                 k: v for k, v in os.environ.items() if k != "NGINX"})
        end = time.monotonic() + 20
        while not self.answers():
            if self.nginx.poll() is not None or time.monotonic() > end:
                sys.exit("nginx did not start:\n" + self.log())
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as sock:
                sock.sendall(b"GET /pid HTTP/1.0\r\n\r\n")
                return b" 200 " in sock.recv(1000)
        except OSError:
            return False

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
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/stat" % pid) as stat:
                    parent = stat.read().rsplit(")", 1)[1].split()[1]
            except OSError:
                continue
            if int(parent) == self.nginx.pid:
                pids.append(int(pid))
        return sorted(pids)

    def temp_files(self):
        """Whether a request went through a temporary file."""
        return "temporary file" in self.log() or any(
            files or len(dirs) and path.count("/tmp/") > 1
            for path, dirs, files in os.walk(os.path.join(self.dir, "tmp")))

    def stop(self):
        if self.nginx.poll() is None:
            self.nginx.send_signal(signal.SIGTERM)
            self.nginx.wait()
        bad = [line for line in self.log().splitlines()
               if "[alert]" in line or "[emerg]" in line or "[crit]" in line
               or "[error]" in line]
        shutil.rmtree(self.dir)
        if bad:
            sys.exit("nginx logged:\n" + "\n".join(bad[:20]))

    def load(self, *args, cpu=None, **options):
        """One run of the load generator: its figures."""
        command = [built("LOAD"), "--json", "--port", str(self.port),
                   "--master", str(self.nginx.pid)] + list(args)
        for name, value in options.items():
            command.append("--" + name.replace("_", "-"))
            if value is not True:
                command.append(str(value))
        if cpu is not None:
            command = ["taskset", "-c", str(cpu)] + command
        run = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                             timeout=600)
        if run.returncode != 0:
            sys.exit("%s\nended with %d: %s" % (
                " ".join(command), run.returncode, run.stdout))
        return json.loads(run.stdout)
