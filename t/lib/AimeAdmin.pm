package AimeAdmin;

# An administrator, for tests.

use strict;
use warnings;

use Exporter 'import';
use MIME::Base64 qw(encode_base64);
use AimeTest ();

our @EXPORT = qw($ADMIN $PASSWORD admin_toml basic admin_get admin_post);

our $PASSWORD = 'password-of-operator';

# A location for the server block
our $ADMIN = 'location /admin/ { aime_api_admin; }';


# A server file with an administrator
sub admin_toml {
    my (%add) = @_;
    return AimeTest::server_toml(%add, other => ($add{other} // '')
        . "[ADMIN]\nuser = \"operator\"\npassword = \"$PASSWORD\"\n");
}


sub basic {
    my ($user, $password) = @_;
    return (Authorization => 'Basic ' . encode_base64("$user:$password", ''));
}


sub admin_get {
    my ($srv, $path, %headers) = @_;
    return $srv->get("/admin/$path", undef, basic('operator', $PASSWORD),
        %headers);
}


sub admin_post {
    my ($srv, $path, $body, %headers) = @_;
    return $srv->post("/admin/$path", $body // {},
        basic('operator', $PASSWORD), %headers);
}


1;
