import { command } from "../command/command.ts";
import { usageError } from "../failures/command-error.ts";

const bash = `# Completion of sluice for bash.
_sluice() {
  local value
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do
    COMPREPLY+=("$value")
  done < <(sluice __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _sluice sluice`;

const zsh = `#compdef sluice
# Completion of sluice for zsh.
_sluice() {
  local -a candidates
  local value summary
  while IFS=$'\\t' read -r value summary; do
    candidates+=("\${value//:/\\\\:}:$summary")
  done < <(sluice __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#candidates} )); then
    _describe sluice candidates
  else
    _files
  fi
}
compdef _sluice sluice`;

const fish = `# Completion of sluice for fish.
function __sluice_complete
  set -l words (commandline -opc) (commandline -ct)
  sluice __complete $words[2..-1] 2>/dev/null
end
complete -c sluice -a '(__sluice_complete)'`;

const scripts: Readonly<Record<string, string>> = { bash, zsh, fish };

export const completion = command({
  name: "completion",
  summary: "Print the completion script of bash, zsh or fish",
  details: "`sluice` has to be on your PATH; `npm link` in a checkout puts it there.",
  args: ["<shell>"],
  examples: [
    "completion bash > ~/.local/share/bash-completion/completions/sluice",
    'completion zsh > "$' + '{fpath[1]}/_sluice"',
    "completion fish > ~/.config/fish/completions/sluice.fish",
  ],
  async run(call, [shell]) {
    const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
    if (!script) throw usageError(`there is no completion for ${shell}`, "there is bash, zsh and fish");
    call.terminal.print(script);
  },
});
