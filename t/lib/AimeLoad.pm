package AimeLoad;

# Load from many processes: clients that wait for their results, and GPU workers
# of generation A.  Each request has a connection of its own and is made again
# where that fails; clients send an Idempotency-Key, so a job is the same one
# then.  What came of it is written into files, as lines of JSON.

use strict;
use warnings;

use Mojo::JSON ();
use POSIX ();
use Test::More ();

use AimeNginx qw(slurp);
use AimeParty;
use AimeTest;


# srv, clients, jobs (of each client), workers, batch, key (of the clients)
sub new {
    my ($class, %opt) = @_;
    return bless {batch => 2, files => 0, key => $CLIENT_KEY, %opt}, $class;
}


sub start {
    my ($self) = @_;
    $self->{running} = [map { $self->_fork(\&_work, $_) }
        1 .. $self->{workers}];
    $self->{asking} = [map { $self->_fork(\&_ask, $_) }
        1 .. $self->{clients}];
    return $self;
}


# Waits for the clients, ends the workers: {answered (by job), bad, twice (jobs
# that had two ids), again (requests that were made again)}
sub finish {
    my ($self) = @_;
    my %sum = (bad => [], again => 0);
    for my $line (map { _lines($_) } @{$self->{asking}}) {
        $sum{answered}{$line->{job}}++;
        $sum{again} += $line->{again};
        push @{$sum{bad}}, $line if $line->{text} ne 'good';
    }
    kill TERM => map { $_->{pid} } @{$self->{running}};
    my %ids;
    for my $line (map { _lines($_) } @{$self->{running}}) {
        $sum{again} += $line->{again};
        $ids{$line->{prompt}}{$line->{id}} = 1;
    }
    $sum{twice} = [grep { keys %{$ids{$_}} > 1 } keys %ids];
    return \%sum;
}


# The claims that hold whatever accidents there were
sub check {
    my ($self) = @_;
    my $sum = $self->finish;
    my $count = $self->{clients} * $self->{jobs};
    Test::More::is(keys %{$sum->{answered}}, $count,
        "all $count jobs were answered");
    Test::More::is(@{$sum->{bad}}, 0, 'with their own results')
        or Test::More::diag(Test::More::explain([@{$sum->{bad}}[0 .. 3]]));
    Test::More::is(@{$sum->{twice}}, 0, 'no job was there twice');
    return $sum;
}


sub _fork {
    my ($self, $code, $number) = @_;
    my $file = $self->{srv}->dir . '/load.' . ++$self->{files};
    my $pid = fork // die "fork: $!\n";
    return {pid => $pid, file => $file} if $pid;
    open STDOUT, '>', $file or POSIX::_exit(1);
    $| = 1;
    srand $number;
    eval { $code->($self, $number); 1 } or print STDERR "$$: $@";
    POSIX::_exit(0);
}


sub _lines {
    my ($child) = @_;
    waitpid $child->{pid}, 0;
    return map { Mojo::JSON::decode_json($_) } split /\n/, slurp($child->{file});
}


sub _say { my (%line) = @_; print Mojo::JSON::encode_json(\%line) . "\n"; return }


# Asks until it is answered
sub _insist {
    my ($self, @request) = @_;
    for my $try (1 .. 1000) {
        my $answer = eval {
            $self->{srv}->conn(timeout => 60)->request(@request)
        };
        return $answer if $answer && $answer->status != 503;
        $self->{again}++;
        select undef, undef, undef, 0.01;
    }
    die "no answer after 1000 tries\n";
}


sub _ask {
    my ($self, $number) = @_;
    for my $job (1 .. $self->{jobs}) {
        my $name = "client $number job $job";
        my $prompt = $name . ' x' x (rand > 0.8 ? 40_000 : 0);
        $self->{again} = 0;
        my $answer = $self->_insist(POST => '/echo',
            {key => $self->{key}, prompt => $prompt},
            'Idempotency-Key' => $name);
        my $text = $answer->json->{text} // $answer->body;
        _say(job => $name, again => $self->{again},
            text => $text eq "result of $prompt" ? 'good' : $text);
    }
    return;
}


sub _work {
    my ($self, $number) = @_;
    my $worker = $self->{srv}->worker(name => "worker-$number", gen => 'A',
        batch => $self->{batch});
    local $SIG{TERM} = sub { POSIX::_exit(0) };
    while (1) {
        $self->{again} = 0;
        my $answer = $self->_insist(POST => '/worker_job_request',
            $worker->request_body);
        for my $job (AimeParty::Worker::jobs_of($answer)) {
            $self->_insist(POST => '/worker_job_progress',
                $worker->report($job->{job_id}, progress => 50,
                    progress_data => {text => 'half'}));
            $self->_insist(POST => '/worker_job_result',
                $worker->report($job->{job_id},
                    text => "result of $job->{prompt}"));
            _say(prompt => substr($job->{prompt}, 0, 24),
                id => $job->{job_id}, again => $self->{again});
        }
    }
}

1;
