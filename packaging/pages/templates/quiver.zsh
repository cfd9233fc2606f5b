#compdef quiver
# zsh completion of quiver. Commands, options and values are made from its help texts when it is built.

@zsh

# Commands may have commands below them: as long as a word is one, it belongs to the command.
_quiver() {
    local command=""
    local -i at=2
    while (( at < CURRENT )) && [[ ${words[at]} != -* ]] &&
        _quiver_known "${command:+$command }${words[at]}"; do
        command="${command:+$command }${words[at]}"
        (( at++ ))
    done
    words=("quiver" "${(@)words[at,-1]}")
    (( CURRENT -= at - 2 ))
    _quiver_follows "$command"
}

_quiver "$@"
