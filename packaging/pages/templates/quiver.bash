# bash completion of quiver. Words, values and operands are made from its help texts when it is built.

@bash

# Commands may have commands below them: as long as a word is one, it belongs to the command.
_quiver() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command="" word value i
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        [[ $word != -* && " $(_quiver_words "$command") " == *" $word "* ]] || break
        command=${command:+$command }$word
    done
    if [[ $current == "=" ]]; then # --config=FILE comes as three words
        current=""
    elif [[ $before == "=" ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    value=$(_quiver_value "$command" "$before")
    [[ -n $value || $current == -* ]] || value=$(_quiver_operand "$command")
    COMPREPLY=()
    case $value in
    @file)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        ;;
    @any) ;;
    "") mapfile -t COMPREPLY < <(compgen -W "$(_quiver_words "$command")" -- "$current") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$value" -- "$current") ;;
    esac
}

complete -F _quiver quiver
