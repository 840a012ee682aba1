# Links in the documentation: the file is there, and the heading.  Guards
# against pages that move, and leave behind links that lead nowhere.

use strict;
use warnings;

use lib 't/lib';
use File::Basename qw(dirname);
use File::Spec;
use Test::More;
use AimeNginx qw(slurp);

my @pages = split /\0/, `git ls-files -z '*.md' 2>/dev/null`;
@pages = (glob('*.md docs/*.md bench/*.md contrib/*.md')) if !@pages;
my %headings;
my $links = 0;

for my $page (@pages) {
    my @wrong;
    for my $link (links($page)) {
        my ($file, $heading) = $link =~ /^([^#]*)#?(.*)$/ or next;
        my $path = $file eq '' ? $page : flat(dirname($page), $file);
        $links++;
        if (!-e $path) {
            push @wrong, "$link: no such file";
        } elsif ($heading ne '' && !headings($path)->{$heading}) {
            push @wrong, "$link: no such heading";
        }
    }
    is_deeply(\@wrong, [], $page);
}

cmp_ok($links, '>', 50, 'there are links');
ok(headings('README.md')->{'two-commands'}, 'headings are found');
ok(!headings('README.md')->{'two-comands'}, 'others are not');
done_testing();


# A page without what stands in it as code
sub prose {
    my ($page) = @_;
    my $text = slurp($page);
    $text =~ s/^```.*?^```$//msg;
    $text =~ s/^    .*$//mg;
    return $text;
}


sub links {
    my ($page) = @_;
    my $text = prose($page);
    $text =~ s/`[^`\n]*`//g;
    return grep { !/^[a-z]+:/ } $text =~ /\]\(([^)\s]+)\)/g;
}


# As forges name them: lower case, no punctuation, dashes between the words
sub headings {
    my ($page) = @_;
    return $headings{$page} //= do {
        my %found;
        for my $title (prose($page) =~ /^#+ +(.*?)\s*$/mg) {
            $title =~ s/\[([^\]]*)\]\([^)]*\)/$1/g;
            $title = lc $title;
            $title =~ s/[^\w\- ]//g;
            $title =~ tr/ /-/;
            my $name = $title;
            $name = "$title-" . $found{$title}++ if $found{$title};
            $found{$name}++;
        }
        \%found;
    };
}


# a/b/../c as a/c
sub flat {
    my ($dir, $file) = @_;
    my $path = File::Spec->catfile($dir eq '.' ? () : $dir, $file);
    1 while $path =~ s{(^|/)(?!\.\./)[^/]+/\.\./}{$1};
    return $path =~ s{(^|/)\./}{$1}gr;
}
