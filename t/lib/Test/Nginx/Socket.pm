package Test::Nginx::Socket;

# A small runner for the data format of Test::Nginx::Socket, for machines that
# do not have it.  A .t file that keeps to what is below should pass under both
# (so let it plan with 'no_plan'); under the original none was tried yet.
#
# Sections: main_config, http_config, config, user_files, request, raw_request,
# more_headers, error_code, error_code_like, response_body, response_body_like,
# response_body_unlike, response_headers, response_headers_like, error_log,
# no_error_log, timeout, wait, must_die, ignore_response; with the filters of
# Test::Base (eval, chomp, …).  A request, and what is expected of it, may be a
# list: one request after another.
#
# The three config sections see $TEST_NGINX_… (environment; SERVROOT, HTML_DIR
# and SERVER_PORT are always there, but the original wants them set first, as
# runner.t does) and %ServRoot% (only here).  The module is loaded by
# TEST_NGINX_LOAD_MODULES, without it the built one where there is one.
#
# Each server's error log is looked at when the server ends: an alert, emerg or
# crit that no error_log section expects, or a sanitizer's report, is a failure.

use Test::Base -Base;

use AimeHttp;
use AimeNginx qw(patience wait_until module_path spew);
use File::Path qw(remove_tree);
use Time::HiRes qw(time);

our @EXPORT = qw(plan blocks run_tests repeat_each no_long_string no_shuffle
    no_root_location log_level workers master_on master_off
    worker_connections server_root html_dir server_port
    add_block_preprocessor);

my ($repeat, $root_location, $connections) = (1, 1, 1024);
my (@preprocessors, $nginx, $running);


sub _nginx() { return $nginx //= AimeNginx->new }

sub server_root() { return _nginx()->dir }

sub html_dir() { return server_root() . '/html' }

sub server_port() { return _nginx()->port }

sub repeat_each(;$) {
    $repeat = shift if @_;
    return $repeat;
}

sub no_long_string() { return }

sub no_shuffle() { return }

sub no_root_location() { $root_location = 0; return }

sub log_level($) { _nginx()->{level} = shift; return }

sub workers($) { _nginx()->{procs} = shift; return }

sub master_on() { _nginx()->{master} = 1; return }

sub master_off() { @{_nginx()}{qw(master procs)} = (0, 1); return }

sub worker_connections($) { $connections = shift; return }

sub add_block_preprocessor(&) { push @preprocessors, shift; return }


sub run_tests() {
    for my $block (blocks()) {
        $_->($block) for @preprocessors;
        for (1 .. $repeat) {
            exists $block->{must_die} ? _run_dying($block) : _run($block);
        }
    }
    _retire();
    return;
}


sub _section($$) {
    my ($block, $name) = @_;
    return if !exists $block->{$name};
    my ($value) = $block->$name;
    return $value // '';
}


# What is expected of request number $i
sub _of($$) {
    my ($value, $i) = @_;
    return ref $value eq 'ARRAY' ? $value->[$i] : $value;
}


sub _expand($) {
    my ($text) = @_;
    return '' if !defined $text;
    my %know = (%ENV, TEST_NGINX_SERVROOT => server_root(),
        TEST_NGINX_HTML_DIR => html_dir(),
        TEST_NGINX_SERVER_PORT => server_port());
    $text =~ s/%ServRoot%/$know{TEST_NGINX_SERVROOT}/g;
    $text =~ s{\$(TEST_NGINX_[A-Z0-9_]+)}
              {$know{$1} // die "$1 is not in the environment\n"}ge;
    return $text;
}


sub _conf($) {
    my ($block) = @_;
    my ($main, $http, $server) = map { _expand(_section($block, $_)) }
        qw(main_config http_config config);
    my $root = $root_location && $server !~ m{location\s+/\s*\{}
        ? 'location / { root html; index index.html; }' : '';
    my $load = $ENV{TEST_NGINX_LOAD_MODULES} // module_path() // '';
    return _nginx()->preamble(split ' ', $load) . <<"CONF";
$main
events { worker_connections $connections; }
http {
@{[_nginx()->http_preamble]}
default_type text/plain;
client_max_body_size 30m;
$http
server {
listen 127.0.0.1:@{[server_port()]};
server_name localhost;
$server
$root
}
}
CONF
}


# name => content, from ">>> name" lines or [[name, content], …]
sub _user_files($) {
    my ($files) = @_;
    return map { $_->[0] => $_->[1] } @$files if ref $files;
    my (undef, @parts) = split /^>>> +(\S+).*\n/m, $files // '';
    return @parts;
}


# Writes what the block wants; true when it differs from what runs
sub _prepare($) {
    my ($block) = @_;
    my %files = _user_files(_section($block, 'user_files'));
    my $conf = _conf($block);
    my $wanted = join "\0", $conf, map { ($_, $files{$_}) } sort keys %files;
    return 0 if defined $running && $running eq $wanted;
    _retire();
    remove_tree(html_dir(), { keep_root => 1 });
    spew(html_dir() . '/index.html', "It works!\n");
    spew(html_dir() . "/$_", $files{$_}) for keys %files;
    _nginx()->write_conf($conf);
    $running = $wanted;
    return 1;
}


# Ends the running server and looks at what it has left behind
sub _retire() {
    $running = undef;
    return if !_nginx()->pid && !_nginx()->log_size;
    my $quiet = _nginx()->stop;
    my @problems = _nginx()->problems;
    fail('nginx stops gracefully') if !$quiet;
    if (@problems) {
        fail('nothing bad in the error log');
        diag("in the error log: $_") for @problems;
    }
    _forget_logs();
    return;
}


sub _forget_logs() {
    unlink glob server_root() . '/logs/*';
    @{_nginx()}{qw(allow status)} = ([], undef);
    return;
}


sub _run_dying($) {
    my ($block) = @_;
    _prepare($block);
    if (_nginx()->start) {
        fail($block->name . ' - nginx dies');
        _retire();
        return;
    }
    pass($block->name . ' - nginx dies');
    _check_log($block, _nginx()->log . _nginx()->output);
    _forget_logs();
    $running = undef;
    return;
}


sub _run($) {
    my ($block) = @_;
    my $name = $block->name;
    if (_prepare($block) && !_nginx()->start) {
        fail("$name - nginx starts");
        diag(_nginx()->tail);
        _forget_logs();
        $running = undef;
        return;
    }
    my $from = _nginx()->log_size;
    my $failed = _failures();
    my $requests = _section($block, 'raw_request')
        // _section($block, 'request') // [];
    my @requests = ref $requests eq 'ARRAY' ? @$requests : $requests;
    for my $i (0 .. $#requests) {
        my $answer = _exchange($block, $requests[$i], $i);
        my $title = @requests > 1 ? "$name, request $i" : $name;
        _check_answer($block, $answer, $i, $title)
            if !exists $block->{ignore_response};
    }
    _wait_for_log($block, $from);
    _check_log($block, substr _nginx()->log, $from);
    diag(_nginx()->tail) if _failures() > $failed;
    return;
}


sub _failures() { return scalar grep { !$_ } Test::More->builder->summary }


sub _seconds($) {
    my ($text) = @_;
    my ($number, $unit) = $text =~ /([\d.]+)\s*(m?s)?/ or return 0;
    return ($unit // '') eq 'ms' ? $number / 1000 : $number;
}


sub _exchange($$$) {
    my ($block, $request, $i) = @_;
    my $conn = AimeHttp->new(port => server_port());
    if (!exists $block->{raw_request}) {
        $request =~ s/\n\z// if $block->original_values->{request} eq $request;
        my $more = _of(_section($block, 'more_headers'), $i) // '';
        ($conn->{method}, $request) = _request_text($request, $more);
    }
    $conn->send_raw($request);
    return $conn->read_response(_seconds(_section($block, 'timeout') // 30));
}


# "POST /path[ HTTP/1.0]\nbody" → (method, what is sent)
sub _request_text($$) {
    my ($request, $more) = @_;
    my ($line, $body) = split /\n/, $request, 2;
    my ($method, $path, $version) = $line =~
        /^\s*(\S+)\s+(\S.*?)\s*(HTTP\/1\.\d)?\s*$/ or die "request: $line\n";
    my @headers = grep { /\S/ } split /\n/, $more;
    my %have = map { lc(/^([^:]+):/ ? $1 : '') => 1 } @headers;
    unshift @headers, 'Host: localhost' if !$have{host};
    push @headers, 'Connection: close' if !$have{connection};
    push @headers, 'Content-Length: ' . length $body
        if length($body // '') && !$have{'content-length'}
        && !$have{'transfer-encoding'};
    $version //= 'HTTP/1.1';
    return ($method, join("\r\n", "$method $path $version", @headers, '', '')
        . ($body // ''));
}


sub _check_answer($$$$) {
    my ($block, $answer, $i, $name) = @_;
    my $status = $answer ? $answer->status : 'no answer';
    my $body = $answer ? $answer->body : '';
    my %want = map { $_ => _of(_section($block, $_), $i) } qw(error_code
        error_code_like response_body response_body_like response_body_unlike
        response_headers response_headers_like);

    if (defined $want{error_code_like}) {
        like($status, qr/$want{error_code_like}/, "$name - status");
    } else {
        (my $code = $want{error_code} // 200) =~ s/\s+//g;
        is($status, $code, "$name - status");
    }
    is($body, $want{response_body}, "$name - body")
        if defined $want{response_body};
    like($body, _regex($want{response_body_like}), "$name - body")
        if defined $want{response_body_like};
    unlike($body, _regex($want{response_body_unlike}), "$name - body")
        if defined $want{response_body_unlike};
    for (_lines($want{response_headers})) {
        my ($header, $value) = _header_line($_);
        is($answer && $answer->header($header), $value, "$name - $header");
    }
    for (_lines($want{response_headers_like})) {
        my ($header, $value) = _header_line($_);
        like($answer && $answer->header($header) // '', qr/^$value$/,
            "$name - $header");
    }
    return;
}


sub _regex($) {
    my ($pattern) = @_;
    return $pattern if ref $pattern;
    $pattern =~ s/\n\z//;
    return qr/$pattern/sm;
}


sub _lines($) { return grep { /\S/ } split /\n/, shift // '' }


# "Name: value", or "!Name" for one that must not be there
sub _header_line($) {
    my ($line) = @_;
    return ($1, undef) if $line =~ /^\s*!\s*(\S+)/;
    return $line =~ /^\s*([^:]+?)\s*:\s*(.*?)\s*$/;
}


# Regexes, from lines of plain text, a regex, or a list of both
sub _patterns($$) {
    my ($block, $name) = @_;
    my $value = _section($block, $name) // return;
    return map { ref ? $_ : qr/\Q$_\E/ } ref $value eq 'ARRAY' ? @$value
        : ref $value ? $value : _lines($value);
}


# The log may come after the answer
sub _wait_for_log($$) {
    my ($block, $from) = @_;
    my @wanted = _patterns($block, 'error_log');
    push @{_nginx()->{allow}}, @wanted;
    my $end = time + _seconds(_section($block, 'wait') // 0);
    wait_until(sub { time >= $end }, 3600);
    wait_until(sub {
        my $log = substr _nginx()->log, $from;
        return !grep { $log !~ $_ } @wanted;
    }, 10);
    return;
}


sub _check_log($$) {
    my ($block, $log) = @_;
    my @lines = split /\n/, $log;
    for my $pattern (_patterns($block, 'error_log')) {
        ok(scalar(grep { /$pattern/ } @lines),
            $block->name . " - the log has $pattern") or diag($log);
    }
    for my $pattern (_patterns($block, 'no_error_log')) {
        my @found = grep { /$pattern/ } @lines;
        ok(!@found, $block->name . " - the log has no $pattern")
            or diag(join "\n", @found);
    }
    return;
}
