# An administrator lists, inspects, cancels, requeues and reprioritises jobs;
# what he may not do is refused with a reason and changes nothing; the log tells
# who did what.  Guards against an action that leaves a queue or a worker in a
# state that no client could have brought about.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(true false);
use Test::More;
use AimeTest;
use AimeAdmin;
use AimeMetrics;

my $srv = start_nginx(level => 'info', server_toml => admin_toml(),
    server => "$ADMIN\n$STATUS", endpoints => {
    echo => {endpoint => 'max_attempts = 2'},
    many => {clients => "priority = 2"}});

listing();
by_age();
canceling();
requeueing();
prioritising();
refused();
resetting();
logged();
done_testing();


sub inspect {
    my ($id) = @_;
    return admin_get($srv, "job?job_id=$id")->json->{job};
}


sub act {
    my ($action, %body) = @_;
    return admin_post($srv, "jobs/$action", \%body);
}


sub listing {
    my $client = $srv->client(endpoint => 'many');
    my %ids = map { ($client->job({prompt => 'x' x $_}) => 1) } 1 .. 25;
    my (%seen, $after);
    my $pages = 0;
    while (1) {
        my $page = admin_get($srv, 'jobs?state=queued&limit=10'
            . ($after ? "&after=$after" : ''))->json;
        $pages++;
        $seen{$_->{job_id}}++ for @{$page->{jobs}};
        last if !$page->{more};
        $after = $page->{after};
    }
    is_deeply(\%seen, \%ids, 'page by page, each once');
    is($pages, 3, 'in three pages');
    my $worker = $srv->worker(job_type => 'many', batch => 3)->login;
    my @jobs = $worker->jobs;
    $worker->progress($jobs[0]{job_id}, 12.50, {text => 'secret text'});
    $worker->result($jobs[1]{job_id}, {text => 'secret result'});
    $worker->result($jobs[2]{job_id}, {error => 'bad'});
    my %count = (queued => 22, processing => 1, done => 1, failed => 1,
        canceled => 0, lapsed => 0);
    for my $state (sort keys %count) {
        my $list = admin_get($srv, "jobs?state=$state&limit=1000")->json;
        is(scalar @{$list->{jobs}}, $count{$state}, "$state");
        ok(!$list->{more}, 'all of them');
        is($list->{after}, undef, 'nothing follows');
    }
    is(scalar @{admin_get($srv, "jobs?limit=1000&$_")->json->{jobs}}, $_
        =~ /echo/ ? 0 : 25, $_) for qw(endpoint=many endpoint=echo
        job_type=many job_type=echo);
    my $answer = admin_get($srv, "job?job_id=$jobs[0]{job_id}");
    unlike($answer->body, qr/secret|$CLIENT_KEY/, 'nothing of its content');
    my $job = $answer->json->{job};
    is($job->{$_->[0]}, $_->[1], $_->[0]) for ['endpoint', 'many'],
        ['job_type', 'many'], ['job_state', 'processing'], ['user', 'tester'],
        ['priority', 2], ['attempts', 1], ['max_attempts', 3],
        ['worker', $worker->{name}], ['progress', 12.5],
        ['queue_position', 0], ['result_received_time', undef];
    cmp_ok($job->{start_time_compute}, '>=', $job->{start_time}, 'times');
    like($answer->body, qr/"progress":12.5[,0]/, 'progress as written');
    is(inspect($jobs[2]{job_id})->{failed}, true, 'one that failed');
    is(inspect($jobs[1]{job_id})->{failed}, false, 'one that did not');
    $worker->result($jobs[0]{job_id}, {text => 'x'});
    $client->cancel($_) for keys %ids;
    return;
}


# Those that wait longest, of a queue that is longer than any list
sub by_age {
    my $long = start_nginx(server_toml => admin_toml(), server => $ADMIN,
        endpoints => {echo => {}, rare => {job_type => 'echo'}, other => {}});
    my $client = $long->client;
    my @ids = map { $client->job({prompt => 'x'}) } 1 .. 256;
    my $last = $long->client(endpoint => 'rare')->job({prompt => 'x'});
    my $other = $long->client(endpoint => 'other')->job({prompt => 'x'});
    my $list = sub {
        my $json = admin_get($long, "jobs?order=age&$_[0]")->json;
        return (\@{$json->{jobs}}, $json->{more}, $json->{after});
    };
    my ($jobs, $more, $after) = $list->('state=queued&limit=5&job_type=echo');
    is_deeply([map { $_->{job_id} } @$jobs], [@ids[0 .. 4]], 'the oldest');
    is($jobs->[4]{queue_position}, 5, 'with their places');
    is_deeply([$more, $after], [true, undef], 'there are more');
    ($jobs, $more) = $list->('state=queued&limit=1000');
    is_deeply([sort map { $_->{job_id} } @$jobs], [sort @ids, $other],
        '256 of one type, and all of another');
    is($more, true, 'and more');
    ($jobs, $more) = $list->('state=queued&limit=1000&endpoint=rare');
    is_deeply([scalar @$jobs, $more], [0, true],
        'an endpoint whose jobs are further behind');
    ($jobs, $more) = $list->('state=queued&limit=1&job_type=other');
    is_deeply([$jobs->[0]{job_id}, $more], [$other, false], 'one with a job');
    for my $bad ('order=age', 'order=age&state=done',
        'order=place&state=queued', 'order=&state=queued') {
        my $answer = admin_get($long, "jobs?$bad");
        is($answer->status, 400, $bad);
        like($answer->json->{error}, qr/Argument order/, 'says so');
    }
    return;
}


sub canceling {
    my $client = $srv->client;
    my $worker = $srv->worker->login;
    my $waits = $srv->conn;
    $srv->client(conn => $waits)->park({prompt => 'waits'});
    my ($job) = $worker->jobs;
    my $queued = $client->job({prompt => 'x'});
    is(act('cancel', job_id => $_)->json->{job}{job_state}, 'canceled',
        'canceled') for $queued, $job->{job_id};
    my $answer = $waits->read_response;
    is($answer->status, 410, 'its client hears of it');
    like($answer->body, qr/An administrator canceled it/, 'and why');
    is($worker->progress($job->{job_id}, 1, {})->json->[0]{canceled}, true,
        'its worker, too');
    is(inspect($queued)->{reason}, 'admin', 'the reason stays');
    is(act('cancel', job_id => $queued)->status, 200, 'once more');
    $worker->result($job->{job_id}, {});
    my $done = $worker->running($client);
    $worker->result($done, {text => 'x'});
    is(act('cancel', job_id => $done)->status, 409, 'one that is done');
    is($client->progress($done)->json->{job_state}, 'done', 'stays done');
    return;
}


sub requeueing {
    my $client = $srv->client;
    my ($first, $second) = map { $srv->worker->login } 1, 2;
    my $id = $first->running($client);
    my $other = $client->job({prompt => 'other'});
    is(act('requeue', job_id => $other)->status, 409, 'one that waits');
    my $job = act('requeue', job_id => $id)->json->{job};
    is("@$job{qw(job_state queue_position attempts)}", 'queued 1 1',
        'in front of its queue');
    my ($got) = $second->jobs;
    is($got->{job_id}, $id, 'another worker gets it');
    is($first->progress($id, 50, {})->json->[0]{canceled}, true,
        'the first one is told');
    is(act('requeue', job_id => $id)->status, 409,
        'not more often than max_attempts');
    is(inspect($id)->{worker}, $second->{name}, 'it stays where it is');
    $first->result($id, {text => 'of the first'});
    is($client->progress($id)->json->{job_result}{text}, 'of the first',
        'whoever is first');
    is(act('requeue', job_id => $id)->status, 409, 'one that is done');
    is(metric($srv, 'job_retries_total', job_type => 'echo',
        reason => 'admin'), 1, 'counted');
    $client->cancel($other);
    return;
}


sub prioritising {
    my $client = $srv->client;
    my @ids = map { $client->job({prompt => "job $_"}) } 1 .. 4;
    is(act('priority', job_id => $ids[2], priority => 3)
        ->json->{job}{queue_position}, 1, 'up to the front');
    is(act('priority', job_id => $ids[0], priority => 0)
        ->json->{job}{queue_position}, 4, 'down to the end');
    is_deeply([map { metric($srv, 'queue_jobs', job_type => 'echo',
        priority => $_) } 0 .. 3], [1, 2, 0, 1], 'in the gauges');
    my $age = metric($srv, 'queue_oldest_job_age_seconds',
        job_type => 'echo');
    my $worker = $srv->worker(batch => 4)->login;
    my @order = map { $_->{job_id} } $worker->jobs;
    is_deeply(\@order, [@ids[2, 1, 3, 0]], 'taken in that order');
    is(act('priority', job_id => $ids[0], priority => 1)->status, 409,
        'one that runs');
    act('requeue', job_id => $ids[0]);
    my $back = act('priority', job_id => $ids[0], priority => 0)->json->{job};
    is("@$back{qw(priority queue_position)}", '0 1',
        'one that came back stays in front');
    is(metric($srv, 'queue_jobs', job_type => 'echo', priority => 0), 1,
        'and is counted there');
    $client->cancel($_) for @ids;
    is_deeply([map { metric($srv, 'queue_jobs', job_type => 'echo',
        priority => $_) } 0 .. 3], [0, 0, 0, 0], 'none left');
    return;
}


sub refused {
    my $none = '00000000-0000-4000-8000-000000000000';
    for my $action (qw(cancel requeue priority)) {
        is(act($action, priority => 1)->status, 400, "$action: no job_id");
        is(act($action, job_id => $_, priority => 1)->status, 404,
            "$action: no such job") for $none, 'x', 'x' x 5000;
        is(admin_post($srv, "jobs/$action", '[1]',
            'Content-Type' => 'application/json')->status, 400, 'no object');
    }
    is(admin_get($srv, 'job')->status, 400, 'no job_id');
    is(admin_get($srv, "job?job_id=$none")->status, 404, 'no such job');
    for my $priority (4, -1, 1.5, 'high', undef) {
        is(act('priority', job_id => $none, priority => $priority)->status,
            400, 'no priority: ' . ($priority // 'null'));
    }
    for (['state=running', 400], ['limit=0', 400], ['limit=1001', 400],
        ['limit=x', 400], ['after=x', 400], ['endpoint=x', 404],
        ['job_type=x', 404]) {
        my ($query, $status) = @$_;
        my $answer = admin_get($srv, "jobs?$query");
        is($answer->status, $status, $query);
        ok($answer->json->{error}, 'with a reason');
    }
    return;
}


sub resetting {
    cmp_ok(metric($srv, 'jobs_submitted_total', endpoint => 'echo'), '>', 0,
        'something was counted');
    my $client = $srv->client;
    my $id = $client->job({prompt => 'x'});
    is(admin_post($srv, 'counters/reset')->status, 200, 'reset');
    my $all = scrape($srv);
    my @left = grep { /_total\{(?:endpoint|job_type)|_count|_bucket/
        && $all->{$_} } keys %$all;
    is_deeply(\@left, [], 'all counters are 0');
    is(metric($srv, 'queue_jobs', job_type => 'echo', priority => 1), 1,
        'but gauges are what they are');
    $client->cancel($id);
    is(metric($srv, 'jobs_finished_total', endpoint => 'echo',
        outcome => 'cancelled'), 1, 'and counting goes on');
    return;
}


sub logged {
    my $log = $srv->log;
    my $uuid = qr/"[0-9a-f-]{36}"/;
    like($log, qr/\[notice\].*administrator "operator" $_.*client: 127/, $_)
        for qr/canceled job $uuid/, qr/requeued job $uuid/,
        qr/set priority 3 of job $uuid/, qr/reset all counters/;
    return;
}
