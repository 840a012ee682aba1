package AimeOpenai;

# Clients of the OpenAI-compatible routes: configuration, requests, streams.

use strict;
use warnings;

use Exporter 'import';
use Mojo::JSON qw(decode_json encode_json true);

use AimeTest;

our @EXPORT = qw(openai_locations openai_toml start_openai chat_endpoint ask
    with_key messages waiting form upload wav);


sub openai_locations {
    my (@more) = @_;
    return <<"CONF";
aime_api_endpoints endpoints;
location ~ ^/worker_ { aime_api_worker_interface; }
location /api/ { aime_api_info; }
location /status { aime_api_status; }
location /v1/ { aime_api_openai; }
location = /zone { return 200 \$aime_zone_used; }
@more
CONF
}


# A server file with these lines in [OPENAI.MODELS]
sub openai_toml {
    my ($models, $openai) = @_;
    return server_toml(other => "[OPENAI]\nenable_v1_api = true\n"
        . ($openai // '') . "\n[OPENAI.MODELS]\n$models");
}


# Options for an endpoint that chats: more inputs, outputs, progress
sub chat_endpoint {
    my (%add) = @_;
    $_ //= '' for @add{qw(inputs outputs progress)};
    return {
        %add,
        inputs => <<"TOML",
chat_context = {type = "chat_context"}
prompt_input = {type = "string"}
max_gen_tokens = {type = "integer", minimum = 1, maximum = 100}
temperature = {type = "float", minimum = 0, maximum = 2}
top_p = {type = "float"}
top_k = {type = "integer"}
$add{inputs}
TOML
        outputs => "text = {}\nprompt_length = {}\n"
            . "num_generated_tokens = {}\nerror = {}\n$add{outputs}",
        progress => "text = {}\n$add{progress}",
    };
}


sub start_openai {
    my (%opt) = @_;
    my $models = delete $opt{models} // 'm = {endpoint = "chat"}';
    my $openai = delete $opt{openai};
    my $more = delete $opt{locations} // '';
    return start_nginx(aime_locations => openai_locations($more),
        endpoints => {chat => chat_endpoint()},
        server_toml => openai_toml($models, $openai), %opt);
}


sub with_key {
    my ($key, %more) = @_;
    return (Authorization => 'Bearer ' . ($key // $CLIENT_KEY), %more);
}


sub messages { return [map { {role => 'user', content => $_} } @_] }


# Waits until so many clients wait for a result (sync) or have a stream (sse)
sub waiting {
    my ($srv, $kind, $count) = @_;
    return wait_until(sub { $count == $srv->get('/status?format=json')->json
        ->{waiting_requests}{$kind} }) // die "not $count $kind\n";
}


# The head of a request on a connection of its own, for who reads the answer
# when a worker has done its part
sub ask {
    my ($srv, $path, $body, %headers) = @_;
    my $conn = delete $headers{conn} // $srv->conn;
    $conn->send_request(POST => "/v1/$path", ref $body ? encode_json($body)
        : $body, with_key(), 'Content-Type' => 'application/json', %headers);
    return $conn;
}


# The body of a form: names with values, or with {filename, type, body}
sub form {
    my ($boundary, @parts) = @_;
    my $body = '';
    while (my ($name, $value) = splice @parts, 0, 2) {
        my $file = ref $value ? $value : {body => $value};
        $body .= "--$boundary\r\nContent-Disposition: form-data; "
            . "name=\"$name\""
            . (defined $file->{filename} ? "; filename=\"$file->{filename}\""
                : '')
            . ($file->{type} ? "\r\nContent-Type: $file->{type}" : '')
            . "\r\n\r\n$file->{body}\r\n";
    }
    return "$body--$boundary--\r\n";
}


# As ask, with a form
sub upload {
    my ($srv, $path, $parts, %headers) = @_;
    return ask($srv, $path, form('xyz', @$parts),
        'Content-Type' => 'multipart/form-data; boundary=xyz', %headers);
}


# A sound file of so many samples
sub wav {
    my ($samples) = @_;
    my $data = pack 's<*', map { 9000 * sin($_ / 9) } 1 .. $samples;
    return 'RIFF' . pack('L<', 36 + length $data) . 'WAVEfmt '
        . pack('L<S<S<L<L<S<S<', 16, 1, 1, 8000, 16000, 2, 16)
        . 'data' . pack('L<', length $data) . $data;
}


1;
