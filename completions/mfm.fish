# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_mfm_global_optspecs
    string join \n journal= target= format= json actor= y/yes no-input q/quiet v/verbose color= h/help V/version
end

function __fish_mfm_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_mfm_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_mfm_using_subcommand
    set -l cmd (__fish_mfm_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c mfm -n "__fish_mfm_needs_command" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_needs_command" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_needs_command" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_needs_command" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_needs_command" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_needs_command" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_needs_command" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_needs_command" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_needs_command" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_needs_command" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_needs_command" -s V -l version -d 'Print version'
complete -c mfm -n "__fish_mfm_needs_command" -f -a "demo" -d 'Break a lab in every way, see what notices, and take it all back'
complete -c mfm -n "__fish_mfm_needs_command" -f -a "lab" -d 'Make or import a lab'
complete -c mfm -n "__fish_mfm_needs_command" -f -a "target" -d 'Register and mark test copies'
complete -c mfm -n "__fish_mfm_needs_command" -f -a "modes" -d 'List the failure modes, or explain one'
complete -c mfm -n "__fish_mfm_needs_command" -f -a "find" -d 'List the records that can be broken'
complete -c mfm -n "__fish_mfm_needs_command" -f -a "plan" -d 'Show the changes that a fault would make, and their digest'
complete -c mfm -n "__fish_mfm_needs_command" -f -a "apply" -d 'Commit a fault on a test copy'
complete -c mfm -n "__fish_mfm_needs_command" -f -a "revert" -d 'Take operations back'
complete -c mfm -n "__fish_mfm_needs_command" -f -a "recover" -d 'Close what a crash left open'
complete -c mfm -n "__fish_mfm_needs_command" -f -a "replay" -d 'Re-run the journal on another marked copy'
complete -c mfm -n "__fish_mfm_needs_command" -f -a "status" -d 'Show what is broken now'
complete -c mfm -n "__fish_mfm_needs_command" -f -a "log" -d 'List the operations, newest first'
complete -c mfm -n "__fish_mfm_needs_command" -f -a "show" -d 'Show one operation'
complete -c mfm -n "__fish_mfm_needs_command" -f -a "explain" -d 'Explain one operation: its inverse, what blocks it, its proof'
complete -c mfm -n "__fish_mfm_needs_command" -f -a "check" -d 'Run the quality checks on a target'
complete -c mfm -n "__fish_mfm_needs_command" -f -a "audit" -d 'Gather evidence'
complete -c mfm -n "__fish_mfm_needs_command" -f -a "completions" -d 'Write the completion script of a shell to stdout'
complete -c mfm -n "__fish_mfm_needs_command" -f -a "man" -d 'Write the man pages into a folder'
complete -c mfm -n "__fish_mfm_needs_command" -f -a "help" -d 'Explain a command or a topic'
complete -c mfm -n "__fish_mfm_using_subcommand demo" -l patients -d 'How many patients the lab has [default: 30]' -r
complete -c mfm -n "__fish_mfm_using_subcommand demo" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand demo" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand demo" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand demo" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand demo" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand demo" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand demo" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand demo" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand demo" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand demo" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand lab; and not __fish_seen_subcommand_from create import" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand lab; and not __fish_seen_subcommand_from create import" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand lab; and not __fish_seen_subcommand_from create import" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand lab; and not __fish_seen_subcommand_from create import" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand lab; and not __fish_seen_subcommand_from create import" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand lab; and not __fish_seen_subcommand_from create import" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand lab; and not __fish_seen_subcommand_from create import" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand lab; and not __fish_seen_subcommand_from create import" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand lab; and not __fish_seen_subcommand_from create import" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand lab; and not __fish_seen_subcommand_from create import" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand lab; and not __fish_seen_subcommand_from create import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand lab; and not __fish_seen_subcommand_from create import" -f -a "create" -d 'Make a synthetic database'
complete -c mfm -n "__fish_mfm_using_subcommand lab; and not __fish_seen_subcommand_from create import" -f -a "import" -d 'Make a lab of the public PyMedPhys mock'
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from create" -l patients -d 'How many patients, 1 to 100000 [default: 30]' -r
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from create" -l seed -d 'Seed of every choice [default: 1]' -r
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from create" -l until -d 'No delivery lies after this day, 1950-01-01 to 2100-12-31 [default: 2024-06-28]' -r
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from create" -l name -d 'The name to register it under; the file\'s name if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from create" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from create" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from create" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from create" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from create" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from create" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from import" -l name -d 'The name to register it under; the file\'s name if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from import" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from import" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from import" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from import" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from import" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from import" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from import" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from import" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from import" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand lab; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand target; and not __fish_seen_subcommand_from add list show mark unmark remove census" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand target; and not __fish_seen_subcommand_from add list show mark unmark remove census" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand target; and not __fish_seen_subcommand_from add list show mark unmark remove census" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand target; and not __fish_seen_subcommand_from add list show mark unmark remove census" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand target; and not __fish_seen_subcommand_from add list show mark unmark remove census" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand target; and not __fish_seen_subcommand_from add list show mark unmark remove census" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand target; and not __fish_seen_subcommand_from add list show mark unmark remove census" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand target; and not __fish_seen_subcommand_from add list show mark unmark remove census" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand target; and not __fish_seen_subcommand_from add list show mark unmark remove census" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand target; and not __fish_seen_subcommand_from add list show mark unmark remove census" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand target; and not __fish_seen_subcommand_from add list show mark unmark remove census" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand target; and not __fish_seen_subcommand_from add list show mark unmark remove census" -f -a "add" -d 'Register a database'
complete -c mfm -n "__fish_mfm_using_subcommand target; and not __fish_seen_subcommand_from add list show mark unmark remove census" -f -a "list" -d 'List the registered targets'
complete -c mfm -n "__fish_mfm_using_subcommand target; and not __fish_seen_subcommand_from add list show mark unmark remove census" -f -a "show" -d 'Show one target, its marker and its tables'
complete -c mfm -n "__fish_mfm_using_subcommand target; and not __fish_seen_subcommand_from add list show mark unmark remove census" -f -a "mark" -d 'Say that a database is a test copy'
complete -c mfm -n "__fish_mfm_using_subcommand target; and not __fish_seen_subcommand_from add list show mark unmark remove census" -f -a "unmark" -d 'Take the marker out of a target'
complete -c mfm -n "__fish_mfm_using_subcommand target; and not __fish_seen_subcommand_from add list show mark unmark remove census" -f -a "remove" -d 'Forget a registered target'
complete -c mfm -n "__fish_mfm_using_subcommand target; and not __fish_seen_subcommand_from add list show mark unmark remove census" -f -a "census" -d 'Show what in a target can be changed and put back exactly'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from add" -l name -d 'The name to use from now on; the file\'s name if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from add" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from add" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from add" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from add" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from add" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from add" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from add" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from add" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from list" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from list" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from list" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from list" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from list" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from list" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from show" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from show" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from show" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from show" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from show" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from show" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from mark" -l name -d 'The name to register it under' -r
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from mark" -l confirm -d 'The database\'s own name (the file\'s name), typed to confirm' -r
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from mark" -l override -d 'Override a sign of a live clinic, by its word' -r
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from mark" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from mark" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from mark" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from mark" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from mark" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from mark" -l moved -d 'Rebind a target that was moved to this place, with all its operations'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from mark" -l baseline -d 'Journal a digest of every table, for `mfm audit verify --depth live --full`'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from mark" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from mark" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from mark" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from mark" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from mark" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from mark" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from unmark" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from unmark" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from unmark" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from unmark" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from unmark" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from unmark" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from unmark" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from unmark" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from unmark" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from unmark" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from unmark" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from remove" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from remove" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from remove" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from remove" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from remove" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from remove" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from remove" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from remove" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from census" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from census" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from census" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from census" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from census" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from census" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from census" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from census" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from census" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from census" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand target; and __fish_seen_subcommand_from census" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand modes" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand modes" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand modes" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand modes" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand modes" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand modes" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand modes" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand modes" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand modes" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand modes" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand modes" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand find" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand find" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand find" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand find" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand find" -l eligible -d 'Only records on which this tool can commit a fault, each with the variants that it can show' -r
complete -c mfm -n "__fish_mfm_using_subcommand find" -l variant -d 'Only records that can show this variant' -r
complete -c mfm -n "__fish_mfm_using_subcommand find" -l limit -d 'List at most this many; 0 lists all' -r
complete -c mfm -n "__fish_mfm_using_subcommand find" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand find" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand find" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand find" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand find" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand find" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand find" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand find" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand find" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand find" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand find" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -s o -l output -d 'Write a plan file, for `mfm apply --plan FILE`' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -f -a "corrupt_mlc_data" -d 'Damaged MLC leaf sets'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -f -a "create_invalid_angles" -d 'Impossible gantry or collimator angle'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -f -a "create_duplicate_treatment" -d 'One delivery recorded twice'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -f -a "delete_control_points" -d 'Control points missing from a field'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -f -a "nullify_required_fields" -d 'A required cell is empty'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -f -a "create_timestamp_inconsistency" -d 'A delivery at an impossible time'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -f -a "create_orphaned_record" -d 'A reference to a row that is not there'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -f -a "corrupt_offset_data" -d 'An impossible patient shift'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -f -a "create_meterset_inconsistency" -d 'Impossible or contradictory monitor units'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -f -a "mlc_leaf_count_mismatch" -d 'Wrong number of MLC leaf pairs'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l fld-id -d 'Fields to break, by TxField.FLD_ID: ids and inclusive ranges, such as 5-9,12' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l corruption-type -d 'How the leaf sets are damaged: odd_bytes, out_of_range, negative_gap or random_bytes; the seed chooses the pair and draws the noise' -r -f -a "odd_bytes\t'bank A has one byte more: half a leaf'
out_of_range\t'the middle leaf of bank B stands at 100 cm'
negative_gap\t'the leaves of one open pair cross each other'
random_bytes\t'the positions of bank A are noise'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l variant -d 'Propose parameters that make this variant, instead of giving them' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l sample -d 'Choose this many eligible records by the seed' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l seed -d 'Seed of every choice, 0 to 2^53-1; drawn and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l now -d 'The target\'s wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l max-rows -d 'Refuse to change more rows than this [default: 10000]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l beside-journal -d 'Write although the target holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -s o -l output -d 'Write a plan file, for `mfm apply --plan FILE`' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l all -d 'Choose every eligible record'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l disable-triggers -d 'Switch triggers off for this transaction'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_mlc_data" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l fld-id -d 'Fields to break, by TxField.FLD_ID: ids and inclusive ranges, such as 5-9,12' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l angle-type -d 'Which angle to make impossible: gantry, collimator, or both to the same value' -r -f -a "gantry\t'Gantry_Ang of all control points leaves 0 to 360 degrees'
collimator\t'Coll_Ang of all control points leaves -180 to 360 degrees'
both\t'both angles of all control points leave their ranges'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l invalid-value -d 'The angle to write, in degrees, with at most one decimal; outside 0 to 360 for the gantry, outside -180 to 360 for the collimator and for both. With a variant, 400 where none is given' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l variant -d 'Propose parameters that make this variant, instead of giving them' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l sample -d 'Choose this many eligible records by the seed' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l seed -d 'Seed of every choice, 0 to 2^53-1; drawn and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l now -d 'The target\'s wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l max-rows -d 'Refuse to change more rows than this [default: 10000]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l beside-journal -d 'Write although the target holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -s o -l output -d 'Write a plan file, for `mfm apply --plan FILE`' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l all -d 'Choose every eligible record'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l disable-triggers -d 'Switch triggers off for this transaction'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_invalid_angles" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l ttx-id -d 'Deliveries to duplicate, by TrackTreatment.TTX_ID: ids and inclusive ranges, such as 5-9,12' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l time-offset-seconds -d 'How far the copy lies from the original, in seconds, negative for earlier, default 5. At most 10, or less than the delivery lasted; 0 makes a copy at the very same second' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l change-field -d 'Whether the copy names another field of the same patient, default false' -r -f -a "true\t''
false\t''"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l variant -d 'Propose parameters that make this variant, instead of giving them' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l sample -d 'Choose this many eligible records by the seed' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l seed -d 'Seed of every choice, 0 to 2^53-1; drawn and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l now -d 'The target\'s wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l max-rows -d 'Refuse to change more rows than this [default: 10000]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l beside-journal -d 'Write although the target holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -s o -l output -d 'Write a plan file, for `mfm apply --plan FILE`' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l all -d 'Choose every eligible record'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l disable-triggers -d 'Switch triggers off for this transaction'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_duplicate_treatment" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l fld-id -d 'Fields to break, by TxField.FLD_ID: ids and inclusive ranges, such as 5-9,12' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l points-to-delete -d 'Control points to delete, by TxFieldPoint.Point, counted from 0: numbers and inclusive ranges, such as 2,5-7, or `all`' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l variant -d 'Propose parameters that make this variant, instead of giving them' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l sample -d 'Choose this many eligible records by the seed' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l seed -d 'Seed of every choice, 0 to 2^53-1; drawn and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l now -d 'The target\'s wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l max-rows -d 'Refuse to change more rows than this [default: 10000]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l beside-journal -d 'Write although the target holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -s o -l output -d 'Write a plan file, for `mfm apply --plan FILE`' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l all -d 'Choose every eligible record'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l disable-triggers -d 'Switch triggers off for this transaction'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from delete_control_points" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l table -d 'The table of the records. With a variant, TrackTreatment where none is given' -r -f -a "TrackTreatment\t''
TxField\t''
TxFieldPoint\t''
Offset\t''"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l record-id -d 'Records to break, by the key of the table (TTX_ID, FLD_ID, TFP_ID, OFF_ID): ids and inclusive ranges, such as 5-9,12' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l field-to-nullify -d 'The column to empty. TrackTreatment: Pat_ID1, FLD_ID, SIT_ID, Create_DtTm, Edit_DtTm, Machine_ID_Staff_ID. TxField: Pat_ID1, SIT_Set_ID, Meterset, Type_Enum, Machine_ID_Staff_ID. TxFieldPoint: FLD_ID, Point, Index, Gantry_Ang, Coll_Ang. Offset: SIT_SET_ID, Study_DtTm, Offset_Type, Offset_State. With a variant, one that the seed chooses for each record' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l variant -d 'Propose parameters that make this variant, instead of giving them' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l sample -d 'Choose this many eligible records by the seed' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l seed -d 'Seed of every choice, 0 to 2^53-1; drawn and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l now -d 'The target\'s wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l max-rows -d 'Refuse to change more rows than this [default: 10000]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l beside-journal -d 'Write although the target holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -s o -l output -d 'Write a plan file, for `mfm apply --plan FILE`' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l all -d 'Choose every eligible record'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l disable-triggers -d 'Switch triggers off for this transaction'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from nullify_required_fields" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l ttx-id -d 'Deliveries to break, by TrackTreatment.TTX_ID: ids and inclusive ranges, such as 5-9,12' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l inconsistency-type -d 'What becomes impossible: edit_before_create (the end moves to 2 hours before the start), future_timestamp (the start moves to a year from now, the end to an hour later) or negative_duration (the end moves as far before the start as it lay after it)' -r -f -a "edit_before_create\t'Edit_DtTm lies two hours before Create_DtTm'
future_timestamp\t'Create_DtTm lies a year ahead, and Edit_DtTm an hour after it'
negative_duration\t'Edit_DtTm lies as far before Create_DtTm as it lay after it'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l variant -d 'Propose parameters that make this variant, instead of giving them' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l sample -d 'Choose this many eligible records by the seed' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l seed -d 'Seed of every choice, 0 to 2^53-1; drawn and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l now -d 'The target\'s wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l max-rows -d 'Refuse to change more rows than this [default: 10000]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l beside-journal -d 'Write although the target holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -s o -l output -d 'Write a plan file, for `mfm apply --plan FILE`' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l all -d 'Choose every eligible record'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l disable-triggers -d 'Switch triggers off for this transaction'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_timestamp_inconsistency" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l record-type -d 'The table of the records. With a variant, TrackTreatment where none is given' -r -f -a "TrackTreatment\t''
TxFieldPoint\t''
Offset\t''"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l record-id -d 'Records to break, by the key of the table (TTX_ID, TFP_ID, OFF_ID): ids and inclusive ranges, such as 5-9,12' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l invalid-fk-field -d 'The reference to break, by column or by word. TrackTreatment: Pat_ID1 (patient_id), FLD_ID (field_id), SIT_ID (site_id). TxFieldPoint: FLD_ID (field_id). Offset: SIT_SET_ID (site_id)' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l invalid-value -d 'The value to write, which no row of the table referred to may have. With a variant, one that the seed chooses for each record beyond the largest there is' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l variant -d 'Propose parameters that make this variant, instead of giving them' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l sample -d 'Choose this many eligible records by the seed' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l seed -d 'Seed of every choice, 0 to 2^53-1; drawn and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l now -d 'The target\'s wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l max-rows -d 'Refuse to change more rows than this [default: 10000]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l beside-journal -d 'Write although the target holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -s o -l output -d 'Write a plan file, for `mfm apply --plan FILE`' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l all -d 'Choose every eligible record'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l disable-triggers -d 'Switch triggers off for this transaction'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_orphaned_record" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l off-id -d 'Shifts to break, by Offset.OFF_ID: ids and inclusive ranges, such as 5-9,12' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l corruption-type -d 'What becomes impossible: extreme_values (all three axes), invalid_type (Offset_Type), invalid_state (Offset_State) or future_study_time (Study_DtTm moves to a year from now)' -r -f -a "extreme_values\t'all three axes lie beyond 20 cm'
invalid_type\t'Offset_Type is none of 2, 3 and 4'
invalid_state\t'Offset_State is neither 1 nor 2'
future_study_time\t'Study_DtTm lies a year ahead'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l value -d 'The value to write. extreme_values: a shift in cm, more than 20 either way, with at most one decimal, default 999.9. invalid_type: a number from 0 to 255 other than 2, 3 and 4, default 99. invalid_state: one other than 1 and 2, default 99. future_study_time takes none' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l variant -d 'Propose parameters that make this variant, instead of giving them' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l sample -d 'Choose this many eligible records by the seed' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l seed -d 'Seed of every choice, 0 to 2^53-1; drawn and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l now -d 'The target\'s wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l max-rows -d 'Refuse to change more rows than this [default: 10000]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l beside-journal -d 'Write although the target holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -s o -l output -d 'Write a plan file, for `mfm apply --plan FILE`' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l all -d 'Choose every eligible record'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l disable-triggers -d 'Switch triggers off for this transaction'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from corrupt_offset_data" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l fld-id -d 'Fields to break, by TxField.FLD_ID: ids and inclusive ranges, such as 5-9,12' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l inconsistency-type -d 'What becomes of the meterset: negative_meterset, extreme_value or mismatch_with_cp (1 MU, where the control-point index or the dose per MU says otherwise)' -r -f -a "negative_meterset\t'Meterset lies below zero'
extreme_value\t'Meterset is 10000 MU or more'
mismatch_with_cp\t'Meterset is 1 MU, against the control-point index or the dose per MU'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l value -d 'The meterset to write, in MU. negative_meterset: below 0, default -100. extreme_value: 10000 or more, default 999999. mismatch_with_cp takes none' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l variant -d 'Propose parameters that make this variant, instead of giving them' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l sample -d 'Choose this many eligible records by the seed' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l seed -d 'Seed of every choice, 0 to 2^53-1; drawn and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l now -d 'The target\'s wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l max-rows -d 'Refuse to change more rows than this [default: 10000]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l beside-journal -d 'Write although the target holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -s o -l output -d 'Write a plan file, for `mfm apply --plan FILE`' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l all -d 'Choose every eligible record'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l disable-triggers -d 'Switch triggers off for this transaction'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from create_meterset_inconsistency" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l fld-id -d 'Fields to break, by TxField.FLD_ID: ids and inclusive ranges, such as 5-9,12' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l mismatch-type -d 'What the number of leaf pairs contradicts: intra_field (the field\'s other control points), vs_machine (the machine\'s other fields) or vs_plan (another version of the field)' -r -f -a "intra_field\t'one later control point lacks the last leaf pair'
vs_machine\t'all control points have another MLC\'s number of pairs'
vs_plan\t'all control points lack the first and the last leaf pair'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l variant -d 'Propose parameters that make this variant, instead of giving them' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l sample -d 'Choose this many eligible records by the seed' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l seed -d 'Seed of every choice, 0 to 2^53-1; drawn and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l now -d 'The target\'s wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l max-rows -d 'Refuse to change more rows than this [default: 10000]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l beside-journal -d 'Write although the target holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -s o -l output -d 'Write a plan file, for `mfm apply --plan FILE`' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l all -d 'Choose every eligible record'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l disable-triggers -d 'Switch triggers off for this transaction'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand plan; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -l plan -d 'Carry out a plan file, once, if it still makes the same changes' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -l dry-run -d 'Show what would be done, and write nothing'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -f -a "corrupt_mlc_data" -d 'Damaged MLC leaf sets'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -f -a "create_invalid_angles" -d 'Impossible gantry or collimator angle'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -f -a "create_duplicate_treatment" -d 'One delivery recorded twice'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -f -a "delete_control_points" -d 'Control points missing from a field'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -f -a "nullify_required_fields" -d 'A required cell is empty'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -f -a "create_timestamp_inconsistency" -d 'A delivery at an impossible time'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -f -a "create_orphaned_record" -d 'A reference to a row that is not there'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -f -a "corrupt_offset_data" -d 'An impossible patient shift'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -f -a "create_meterset_inconsistency" -d 'Impossible or contradictory monitor units'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and not __fish_seen_subcommand_from corrupt_mlc_data create_invalid_angles create_duplicate_treatment delete_control_points nullify_required_fields create_timestamp_inconsistency create_orphaned_record corrupt_offset_data create_meterset_inconsistency mlc_leaf_count_mismatch" -f -a "mlc_leaf_count_mismatch" -d 'Wrong number of MLC leaf pairs'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l fld-id -d 'Fields to break, by TxField.FLD_ID: ids and inclusive ranges, such as 5-9,12' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l corruption-type -d 'How the leaf sets are damaged: odd_bytes, out_of_range, negative_gap or random_bytes; the seed chooses the pair and draws the noise' -r -f -a "odd_bytes\t'bank A has one byte more: half a leaf'
out_of_range\t'the middle leaf of bank B stands at 100 cm'
negative_gap\t'the leaves of one open pair cross each other'
random_bytes\t'the positions of bank A are noise'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l variant -d 'Propose parameters that make this variant, instead of giving them' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l sample -d 'Choose this many eligible records by the seed' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l seed -d 'Seed of every choice, 0 to 2^53-1; drawn and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l now -d 'The target\'s wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l max-rows -d 'Refuse to change more rows than this [default: 10000]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l beside-journal -d 'Write although the target holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l all -d 'Choose every eligible record'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l disable-triggers -d 'Switch triggers off for this transaction'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l dry-run -d 'Show what would be done, and write nothing'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_mlc_data" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l fld-id -d 'Fields to break, by TxField.FLD_ID: ids and inclusive ranges, such as 5-9,12' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l angle-type -d 'Which angle to make impossible: gantry, collimator, or both to the same value' -r -f -a "gantry\t'Gantry_Ang of all control points leaves 0 to 360 degrees'
collimator\t'Coll_Ang of all control points leaves -180 to 360 degrees'
both\t'both angles of all control points leave their ranges'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l invalid-value -d 'The angle to write, in degrees, with at most one decimal; outside 0 to 360 for the gantry, outside -180 to 360 for the collimator and for both. With a variant, 400 where none is given' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l variant -d 'Propose parameters that make this variant, instead of giving them' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l sample -d 'Choose this many eligible records by the seed' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l seed -d 'Seed of every choice, 0 to 2^53-1; drawn and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l now -d 'The target\'s wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l max-rows -d 'Refuse to change more rows than this [default: 10000]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l beside-journal -d 'Write although the target holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l all -d 'Choose every eligible record'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l disable-triggers -d 'Switch triggers off for this transaction'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l dry-run -d 'Show what would be done, and write nothing'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_invalid_angles" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l ttx-id -d 'Deliveries to duplicate, by TrackTreatment.TTX_ID: ids and inclusive ranges, such as 5-9,12' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l time-offset-seconds -d 'How far the copy lies from the original, in seconds, negative for earlier, default 5. At most 10, or less than the delivery lasted; 0 makes a copy at the very same second' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l change-field -d 'Whether the copy names another field of the same patient, default false' -r -f -a "true\t''
false\t''"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l variant -d 'Propose parameters that make this variant, instead of giving them' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l sample -d 'Choose this many eligible records by the seed' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l seed -d 'Seed of every choice, 0 to 2^53-1; drawn and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l now -d 'The target\'s wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l max-rows -d 'Refuse to change more rows than this [default: 10000]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l beside-journal -d 'Write although the target holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l all -d 'Choose every eligible record'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l disable-triggers -d 'Switch triggers off for this transaction'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l dry-run -d 'Show what would be done, and write nothing'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_duplicate_treatment" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l fld-id -d 'Fields to break, by TxField.FLD_ID: ids and inclusive ranges, such as 5-9,12' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l points-to-delete -d 'Control points to delete, by TxFieldPoint.Point, counted from 0: numbers and inclusive ranges, such as 2,5-7, or `all`' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l variant -d 'Propose parameters that make this variant, instead of giving them' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l sample -d 'Choose this many eligible records by the seed' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l seed -d 'Seed of every choice, 0 to 2^53-1; drawn and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l now -d 'The target\'s wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l max-rows -d 'Refuse to change more rows than this [default: 10000]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l beside-journal -d 'Write although the target holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l all -d 'Choose every eligible record'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l disable-triggers -d 'Switch triggers off for this transaction'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l dry-run -d 'Show what would be done, and write nothing'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from delete_control_points" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l table -d 'The table of the records. With a variant, TrackTreatment where none is given' -r -f -a "TrackTreatment\t''
TxField\t''
TxFieldPoint\t''
Offset\t''"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l record-id -d 'Records to break, by the key of the table (TTX_ID, FLD_ID, TFP_ID, OFF_ID): ids and inclusive ranges, such as 5-9,12' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l field-to-nullify -d 'The column to empty. TrackTreatment: Pat_ID1, FLD_ID, SIT_ID, Create_DtTm, Edit_DtTm, Machine_ID_Staff_ID. TxField: Pat_ID1, SIT_Set_ID, Meterset, Type_Enum, Machine_ID_Staff_ID. TxFieldPoint: FLD_ID, Point, Index, Gantry_Ang, Coll_Ang. Offset: SIT_SET_ID, Study_DtTm, Offset_Type, Offset_State. With a variant, one that the seed chooses for each record' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l variant -d 'Propose parameters that make this variant, instead of giving them' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l sample -d 'Choose this many eligible records by the seed' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l seed -d 'Seed of every choice, 0 to 2^53-1; drawn and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l now -d 'The target\'s wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l max-rows -d 'Refuse to change more rows than this [default: 10000]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l beside-journal -d 'Write although the target holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l all -d 'Choose every eligible record'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l disable-triggers -d 'Switch triggers off for this transaction'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l dry-run -d 'Show what would be done, and write nothing'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from nullify_required_fields" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l ttx-id -d 'Deliveries to break, by TrackTreatment.TTX_ID: ids and inclusive ranges, such as 5-9,12' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l inconsistency-type -d 'What becomes impossible: edit_before_create (the end moves to 2 hours before the start), future_timestamp (the start moves to a year from now, the end to an hour later) or negative_duration (the end moves as far before the start as it lay after it)' -r -f -a "edit_before_create\t'Edit_DtTm lies two hours before Create_DtTm'
future_timestamp\t'Create_DtTm lies a year ahead, and Edit_DtTm an hour after it'
negative_duration\t'Edit_DtTm lies as far before Create_DtTm as it lay after it'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l variant -d 'Propose parameters that make this variant, instead of giving them' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l sample -d 'Choose this many eligible records by the seed' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l seed -d 'Seed of every choice, 0 to 2^53-1; drawn and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l now -d 'The target\'s wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l max-rows -d 'Refuse to change more rows than this [default: 10000]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l beside-journal -d 'Write although the target holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l all -d 'Choose every eligible record'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l disable-triggers -d 'Switch triggers off for this transaction'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l dry-run -d 'Show what would be done, and write nothing'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_timestamp_inconsistency" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l record-type -d 'The table of the records. With a variant, TrackTreatment where none is given' -r -f -a "TrackTreatment\t''
TxFieldPoint\t''
Offset\t''"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l record-id -d 'Records to break, by the key of the table (TTX_ID, TFP_ID, OFF_ID): ids and inclusive ranges, such as 5-9,12' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l invalid-fk-field -d 'The reference to break, by column or by word. TrackTreatment: Pat_ID1 (patient_id), FLD_ID (field_id), SIT_ID (site_id). TxFieldPoint: FLD_ID (field_id). Offset: SIT_SET_ID (site_id)' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l invalid-value -d 'The value to write, which no row of the table referred to may have. With a variant, one that the seed chooses for each record beyond the largest there is' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l variant -d 'Propose parameters that make this variant, instead of giving them' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l sample -d 'Choose this many eligible records by the seed' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l seed -d 'Seed of every choice, 0 to 2^53-1; drawn and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l now -d 'The target\'s wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l max-rows -d 'Refuse to change more rows than this [default: 10000]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l beside-journal -d 'Write although the target holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l all -d 'Choose every eligible record'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l disable-triggers -d 'Switch triggers off for this transaction'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l dry-run -d 'Show what would be done, and write nothing'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_orphaned_record" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l off-id -d 'Shifts to break, by Offset.OFF_ID: ids and inclusive ranges, such as 5-9,12' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l corruption-type -d 'What becomes impossible: extreme_values (all three axes), invalid_type (Offset_Type), invalid_state (Offset_State) or future_study_time (Study_DtTm moves to a year from now)' -r -f -a "extreme_values\t'all three axes lie beyond 20 cm'
invalid_type\t'Offset_Type is none of 2, 3 and 4'
invalid_state\t'Offset_State is neither 1 nor 2'
future_study_time\t'Study_DtTm lies a year ahead'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l value -d 'The value to write. extreme_values: a shift in cm, more than 20 either way, with at most one decimal, default 999.9. invalid_type: a number from 0 to 255 other than 2, 3 and 4, default 99. invalid_state: one other than 1 and 2, default 99. future_study_time takes none' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l variant -d 'Propose parameters that make this variant, instead of giving them' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l sample -d 'Choose this many eligible records by the seed' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l seed -d 'Seed of every choice, 0 to 2^53-1; drawn and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l now -d 'The target\'s wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l max-rows -d 'Refuse to change more rows than this [default: 10000]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l beside-journal -d 'Write although the target holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l all -d 'Choose every eligible record'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l disable-triggers -d 'Switch triggers off for this transaction'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l dry-run -d 'Show what would be done, and write nothing'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from corrupt_offset_data" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l fld-id -d 'Fields to break, by TxField.FLD_ID: ids and inclusive ranges, such as 5-9,12' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l inconsistency-type -d 'What becomes of the meterset: negative_meterset, extreme_value or mismatch_with_cp (1 MU, where the control-point index or the dose per MU says otherwise)' -r -f -a "negative_meterset\t'Meterset lies below zero'
extreme_value\t'Meterset is 10000 MU or more'
mismatch_with_cp\t'Meterset is 1 MU, against the control-point index or the dose per MU'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l value -d 'The meterset to write, in MU. negative_meterset: below 0, default -100. extreme_value: 10000 or more, default 999999. mismatch_with_cp takes none' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l variant -d 'Propose parameters that make this variant, instead of giving them' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l sample -d 'Choose this many eligible records by the seed' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l seed -d 'Seed of every choice, 0 to 2^53-1; drawn and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l now -d 'The target\'s wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l max-rows -d 'Refuse to change more rows than this [default: 10000]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l beside-journal -d 'Write although the target holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l all -d 'Choose every eligible record'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l disable-triggers -d 'Switch triggers off for this transaction'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l dry-run -d 'Show what would be done, and write nothing'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from create_meterset_inconsistency" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l fld-id -d 'Fields to break, by TxField.FLD_ID: ids and inclusive ranges, such as 5-9,12' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l mismatch-type -d 'What the number of leaf pairs contradicts: intra_field (the field\'s other control points), vs_machine (the machine\'s other fields) or vs_plan (another version of the field)' -r -f -a "intra_field\t'one later control point lacks the last leaf pair'
vs_machine\t'all control points have another MLC\'s number of pairs'
vs_plan\t'all control points lack the first and the last leaf pair'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l variant -d 'Propose parameters that make this variant, instead of giving them' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l sample -d 'Choose this many eligible records by the seed' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l patient -d 'Only records of this patient, by the hospital\'s number, Ident.IDA, in any case' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l machine -d 'Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l type -d 'Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, TxField.Type_Enum; electron fields are static ones' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l date -d 'Only records of this day, as YYYY-MM-DD: deliveries begun, fields and points delivered, offsets studied' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l seed -d 'Seed of every choice, 0 to 2^53-1; drawn and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l now -d 'The target\'s wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l max-rows -d 'Refuse to change more rows than this [default: 10000]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l beside-journal -d 'Write although the target holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l changes -d 'List every change instead of the first ones' -r -f -a "all\t'Every one; as JSON one line each'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l all -d 'Choose every eligible record'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l disable-triggers -d 'Switch triggers off for this transaction'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l dry-run -d 'Show what would be done, and write nothing'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand apply; and __fish_seen_subcommand_from mlc_leaf_count_mismatch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand revert" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand revert" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand revert" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand revert" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand revert" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand revert" -l last -d 'The newest active operation of the target'
complete -c mfm -n "__fish_mfm_using_subcommand revert" -l all -d 'Every active operation of the target, newest first'
complete -c mfm -n "__fish_mfm_using_subcommand revert" -l cascade -d 'First revert later operations on the same rows'
complete -c mfm -n "__fish_mfm_using_subcommand revert" -l skip-conflicts -d 'Put back what can be, and leave the rows in conflict'
complete -c mfm -n "__fish_mfm_using_subcommand revert" -l force -d 'Overwrite what somebody else wrote to these rows; asks first'
complete -c mfm -n "__fish_mfm_using_subcommand revert" -l disable-triggers -d 'Switch triggers off for the transaction'
complete -c mfm -n "__fish_mfm_using_subcommand revert" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand revert" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand revert" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand revert" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand revert" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand revert" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand recover" -l op -d 'The open operation that you speak of' -r
complete -c mfm -n "__fish_mfm_using_subcommand recover" -l as -d 'Your word on what became of it, where the target cannot say; journaled as such' -r -f -a "applied\t'The operation took effect'
abandoned\t'The operation never took effect'
gone\t'The target lost it: it was restored, replaced or deleted'"
complete -c mfm -n "__fish_mfm_using_subcommand recover" -l confirm -d 'The name of a target that no longer exists, typed to confirm' -r
complete -c mfm -n "__fish_mfm_using_subcommand recover" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand recover" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand recover" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand recover" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand recover" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand recover" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand recover" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand recover" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand recover" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand recover" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand recover" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand replay" -l onto -d 'The copy, by URL or name: registered, marked, and as the source was before its first operation' -r
complete -c mfm -n "__fish_mfm_using_subcommand replay" -l until -d 'The last operation to replay [default: the newest when the command starts]' -r
complete -c mfm -n "__fish_mfm_using_subcommand replay" -l beside-journal -d 'Write although the copy holds operations of this other journal' -r
complete -c mfm -n "__fish_mfm_using_subcommand replay" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand replay" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand replay" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand replay" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand replay" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand replay" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand replay" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand replay" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand replay" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand replay" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand status" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand status" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand status" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand status" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand status" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand status" -l exit-code -d 'Exit with 1 where anything is broken or undecided'
complete -c mfm -n "__fish_mfm_using_subcommand status" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand status" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand status" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand status" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand status" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand log" -s n -l limit -d 'Show at most this many [default: 50]' -r
complete -c mfm -n "__fish_mfm_using_subcommand log" -l before -d 'Show only operations before this one' -r
complete -c mfm -n "__fish_mfm_using_subcommand log" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand log" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand log" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand log" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand log" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand log" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand log" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand log" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand log" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand log" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand log" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand show" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand show" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand show" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand show" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand show" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand show" -l diff -d 'List the changes, cell by cell'
complete -c mfm -n "__fish_mfm_using_subcommand show" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand show" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand show" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand show" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand show" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand explain" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand explain" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand explain" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand explain" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand explain" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand explain" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand explain" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand explain" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand explain" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand explain" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand check" -l only -d 'Only these checks, or the checks of these groups: ids with commas between them' -r
complete -c mfm -n "__fish_mfm_using_subcommand check" -l now -d 'The wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS: nothing may lie after it [default: the clock here]' -r
complete -c mfm -n "__fish_mfm_using_subcommand check" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand check" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand check" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand check" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand check" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand check" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand check" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand check" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand check" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand check" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand audit; and not __fish_seen_subcommand_from verify" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand audit; and not __fish_seen_subcommand_from verify" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand audit; and not __fish_seen_subcommand_from verify" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand audit; and not __fish_seen_subcommand_from verify" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand audit; and not __fish_seen_subcommand_from verify" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand audit; and not __fish_seen_subcommand_from verify" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand audit; and not __fish_seen_subcommand_from verify" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand audit; and not __fish_seen_subcommand_from verify" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand audit; and not __fish_seen_subcommand_from verify" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand audit; and not __fish_seen_subcommand_from verify" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand audit; and not __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand audit; and not __fish_seen_subcommand_from verify" -f -a "verify" -d 'Check journal, images and target against each other'
complete -c mfm -n "__fish_mfm_using_subcommand audit; and __fish_seen_subcommand_from verify" -l depth -d 'How deep to look' -r -f -a "structure\t'The chain, the tree, the legal order of entries and the schema'
data\t'Every image and every body as well'
live\t'The targets as well: every row ever touched, now'"
complete -c mfm -n "__fish_mfm_using_subcommand audit; and __fish_seen_subcommand_from verify" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand audit; and __fish_seen_subcommand_from verify" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand audit; and __fish_seen_subcommand_from verify" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand audit; and __fish_seen_subcommand_from verify" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand audit; and __fish_seen_subcommand_from verify" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand audit; and __fish_seen_subcommand_from verify" -l full -d 'With --depth live: compare every table with the journaled baseline'
complete -c mfm -n "__fish_mfm_using_subcommand audit; and __fish_seen_subcommand_from verify" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand audit; and __fish_seen_subcommand_from verify" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand audit; and __fish_seen_subcommand_from verify" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand audit; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand audit; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand audit; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand completions" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand completions" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand completions" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand completions" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand completions" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand completions" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand completions" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand completions" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand completions" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand completions" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand man" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand man" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand man" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand man" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand man" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand man" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand man" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand man" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand man" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand man" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mfm -n "__fish_mfm_using_subcommand help" -l journal -d 'The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user\'s]' -r -F
complete -c mfm -n "__fish_mfm_using_subcommand help" -l target -d 'The target, by name or URL [env: MFM_TARGET] [default: the only one]' -r
complete -c mfm -n "__fish_mfm_using_subcommand help" -l format -d 'How results are written [env: MFM_FORMAT] [default: table]' -r -f -a "table\t'Tables and sentences, for people'
json\t'One JSON object, for programs'
plain\t'Tab-separated values with a header line, for shell tools'"
complete -c mfm -n "__fish_mfm_using_subcommand help" -l actor -d 'Who acts, as the journal will say [env: MFM_ACTOR] [default: the user\'s name]' -r
complete -c mfm -n "__fish_mfm_using_subcommand help" -l color -d 'When to use colour [env: NO_COLOR] [default: auto]' -r -f -a "auto\t'On terminals'
always\t'Everywhere'
never\t'Nowhere'"
complete -c mfm -n "__fish_mfm_using_subcommand help" -l json -d 'Write results as JSON: the same as --format json'
complete -c mfm -n "__fish_mfm_using_subcommand help" -s y -l yes -d 'Answer yes to every question but one that wants a name typed'
complete -c mfm -n "__fish_mfm_using_subcommand help" -l no-input -d 'Never ask: what needs an answer is refused'
complete -c mfm -n "__fish_mfm_using_subcommand help" -s q -l quiet -d 'Leave out notes and progress'
complete -c mfm -n "__fish_mfm_using_subcommand help" -s v -l verbose -d 'Say where the settings come from'
complete -c mfm -n "__fish_mfm_using_subcommand help" -s h -l help -d 'Print help (see more with \'--help\')'
