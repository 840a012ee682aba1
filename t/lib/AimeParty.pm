package AimeParty;

# The two kinds of parties that talk to the server under test: GPU workers (as
# the two generations of worker libraries do) and clients.  Made by AimeTest's
# worker() and client().  Every call gives an AimeHttp::Response, its name with
# _p a promise of one.  With conn => an AimeHttp connection (conn_to_pid) the
# blocking calls and park go over that.

use strict;
use warnings;

use Mojo::JSON ();
use Mojo::Util ();


sub new {
    my ($class, %self) = @_;
    return bless { $class->defaults, %self }, $class;
}


sub call {
    my ($self, @request) = @_;
    return $self->{srv}->request(@request) if !$self->{conn};
    my $answer = $self->{conn}->request(@request)
        or die "no answer: @request[0, 1]\n";
    return $answer;
}

sub call_p {
    my ($self, @request) = @_;
    return $self->{srv}->request_p(@request);
}


# Sends a request and leaves it open: the connection, to read_response from
sub leave {
    my ($self, @request) = @_;
    my $conn = $self->{conn} // $self->{srv}->conn;
    return $conn->send_request(@request);
}


package AimeParty::Worker;

our @ISA = 'AimeParty';

my $count = 0;


sub defaults {
    return (name => 'worker-' . ++$count, job_type => 'echo', gen => 'B',
        batch => 1, timeout => 60);
}


# Generation B; does nothing in generation A, so that tests can serve both
sub login {
    my ($self, %over) = @_;
    return $self if $self->{gen} eq 'A';
    my $answer = $self->call(POST => '/worker_login',
        $self->login_body(%over))->json;
    die "login refused: $answer->{error_msg}\n" if !$answer->{success};
    return $self;
}


sub login_body {
    my ($self, %over) = @_;
    return {
        worker_parameters => {
            auth => $self->{name}, job_type => $self->{job_type},
            auth_key => $self->{key}, interface_version => '0.9.6',
            version => 1, gpu_name => 'Test GPU', num_gpus => 1,
            framework => 'none', framework_version => '1',
            pytorch_version => '2', max_batch_size => $self->{batch}, %over
        },
        model_parameters => {
            label => 'Test', quantization => 'fp16', size => '8B',
            family => 'Test', type => 'LLM', repo_name => 'test/test'
        }
    };
}


sub request_body {
    my ($self, %over) = @_;
    my %body = (auth => $self->{name}, auth_key => $self->{key},
        max_job_batch => $self->{batch});
    return { %body, %over } if $self->{gen} eq 'B';
    return {
        %body, job_type => $self->{job_type}, version => '0.9.11',
        worker_version => 1, gpu_name => 'Test GPU', num_gpus => 1,
        request_timeout => $self->{timeout}, framework => 'none',
        framework_version => '1', pytorch_version => '2',
        model_label => 'Test', model_quantization => 'fp16',
        model_size => '8B', model_family => 'Test', model_type => 'LLM',
        model_repo_name => 'test/test', %over
    };
}


# Asks for work and waits for the answer
sub request_job {
    my ($self, %over) = @_;
    return $self->call(POST => '/worker_job_request',
        $self->request_body(%over));
}

sub request_job_p {
    my ($self, %over) = @_;
    return $self->call_p(POST => '/worker_job_request',
        $self->request_body(%over));
}

sub park {
    my ($self, %over) = @_;
    return $self->leave(POST => '/worker_job_request',
        $self->request_body(%over));
}


# Asks once: the list of jobs, empty after no_job
sub jobs {
    my ($self, %over) = @_;
    return jobs_of($self->request_job(%over));
}

# Has the client submit a job and takes it: its id
sub running {
    my ($self, $client) = @_;
    my $id = $client->job({prompt => 'x'});
    my ($job) = $self->jobs;
    die "not the job\n" if $job->{job_id} ne $id;
    return $id;
}


# The same where jobs may lapse before they are taken: submits one after the
# other until one comes to a poll that waits.  Its id, then the other ones.
sub running_in_time {
    my ($self, $client, $inputs) = @_;
    my $poll = $self->park;
    my @ids;
    AimeTest::wait_until(sub {
        push @ids, $client->job($inputs // {prompt => 'x'});
        return $poll->readable(1);
    }) or die "no job\n";
    my ($job) = jobs_of($poll->read_response);
    return ($job->{job_id}, grep { $_ ne $job->{job_id} } @ids);
}


# Parks so many polls, all of them known to the server (to an endpoint with the
# name of the job type): their connections
sub parked {
    my ($self, $count) = @_;
    return map { $self->_parked($_) } 1 .. $count // 1;
}

sub _parked {
    my ($self, $slots) = @_;
    my $poll = $self->park(max_job_batch => $slots);
    AimeTest::wait_until(sub {
        my $workers = $self->{srv}->get("/api/endpoints/$self->{job_type}")
            ->json->{workers};
        return grep { $_->{name} eq $self->{name}
            && $_->{free_slots} == $slots } @$workers;
    }) or die "$self->{name} does not wait\n";
    return $poll;
}

# The job that comes to one of these polls, and those that wait on
sub job_of_polls {
    my (@polls) = @_;
    my $got;
    AimeTest::wait_until(sub { ($got) = grep { $_->readable } @polls })
        or die "no job\n";
    my ($job) = jobs_of($got->read_response);
    return ($job, grep { $_ != $got } @polls);
}


sub jobs_of {
    my ($answer) = @_;
    my $json = $answer->json;
    return if $json->{cmd} eq 'no_job';
    die "no job but: " . $answer->body . "\n" if $json->{cmd} ne 'job';
    my $data = $json->{job_data};
    return ref $data eq 'ARRAY' ? @$data : $data;
}


sub report {
    my ($self, $job_id, %more) = @_;
    return { job_id => $job_id, job_type => $self->{job_type},
        auth => $self->{name}, auth_key => $self->{key}, %more };
}

# As the libraries send it: an array of one
sub progress {
    my ($self, $job_id, $progress, $data, %over) = @_;
    return $self->call(POST => '/worker_job_progress', [$self->report($job_id,
        progress => $progress, progress_data => $data, %over)]);
}

sub result {
    my ($self, $job_id, $outputs, %over) = @_;
    return $self->call(POST => '/worker_job_result', $self->report($job_id,
        version => '0.9', %{$outputs // {}}, %over));
}

sub result_p {
    my ($self, $job_id, $outputs, %over) = @_;
    return $self->call_p(POST => '/worker_job_result', $self->report($job_id,
        version => '0.9', %{$outputs // {}}, %over));
}

sub check_server_status {
    my ($self, %over) = @_;
    return $self->call(POST => '/worker_check_server_status',
        { auth_key => $self->{key}, job_type => $self->{job_type}, %over });
}


package AimeParty::Client;

our @ISA = 'AimeParty';


# headers are those of its submissions.  With browser => 1 it has a cookie from
# the first answer that sets one, and sends it.
sub defaults { return (endpoint => 'echo') }


sub _with_cookie {
    my ($self, $method, $path, $body, %headers) = @_;
    $headers{Cookie} = $self->{cookie} if $self->{browser} && $self->{cookie};
    return ($method, $path, $body, %headers);
}

# Takes the cookie of an answer; the answer
sub keep {
    my ($self, $answer) = @_;
    my ($cookie) = ($answer->header('Set-Cookie') // '') =~ /^([^;]+)/;
    $self->{cookie} = $cookie if $cookie;
    return $answer;
}

sub call {
    my ($self, @request) = @_;
    return $self->keep($self->SUPER::call($self->_with_cookie(@request)));
}

sub leave {
    my ($self, @request) = @_;
    return $self->SUPER::leave($self->_with_cookie(@request));
}


sub path {
    my ($self, $route, %query) = @_;
    my $query = join '&', map { "$_=" . Mojo::Util::url_escape($query{$_}) }
        grep { defined $query{$_} } sort keys %query;
    return "/$self->{endpoint}$route" . (length $query ? "?$query" : '');
}


# Keeps the session's key; from then on it is sent instead of the API key
sub login {
    my ($self, %over) = @_;
    my $answer = $self->call(GET => $self->path('/login',
        user => $self->{user}, key => $self->{key}, version => 'test', %over));
    $self->{session} = $answer->json->{client_session_auth_key};
    return $answer;
}


sub credentials {
    my ($self) = @_;
    return client_session_auth_key => $self->{session} if $self->{session};
    return defined $self->{key} ? (key => $self->{key}) : ();
}


sub _submission {
    my ($self, $inputs, %over) = @_;
    return (POST => $self->path(''),
        { $self->credentials, %{$inputs // {}}, %over },
        %{$self->{headers} // {}});
}

# Waits for the result
sub submit {
    my ($self, @inputs) = @_;
    return $self->call($self->_submission(@inputs));
}

sub submit_p {
    my ($self, @inputs) = @_;
    return $self->call_p($self->_submission(@inputs));
}

# Waits too, but the test goes on: the connection
sub park {
    my ($self, @inputs) = @_;
    return $self->leave($self->_submission(@inputs));
}


# Does not wait: the id of the job; dies when it is refused
sub job {
    my ($self, $inputs) = @_;
    my $answer = $self->submit($inputs, wait_for_result => Mojo::JSON::false());
    return $answer->json->{job_id} // die 'refused: ' . $answer->body . "\n";
}


sub progress {
    my ($self, $job_id, %over) = @_;
    return $self->call(GET => $self->path('/progress', job_id => $job_id,
        $self->credentials, %over));
}

# Until the job has that state: the JSON of that answer; dies if it never has
sub poll_until {
    my ($self, $job_id, $state, $timeout) = @_;
    my $json;
    AimeTest::wait_until(sub {
        $json = $self->progress($job_id)->json;
        return ($json->{job_state} // '') eq $state;
    }, $timeout) or die "job $job_id: not $state but "
        . ($json->{job_state} // 'unknown') . "\n";
    return $json;
}

sub cancel {
    my ($self, $job_id, %over) = @_;
    return $self->call(POST => $self->path('/cancel'),
        { job_id => $job_id, $self->credentials, %over });
}


1;
