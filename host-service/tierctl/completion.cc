// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "host-service/tierctl/commands.h"

namespace hypertier::tierctl {
namespace {

// VM names are asked for only where one belongs, so that completion of anything else works without hypertierd.
constexpr char kBash[] = R"BASH(# bash completion for tierctl: source <(tierctl completion bash)
_tierctl() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command='' word
  local commands='list get resize watch operations wait cancel domain-xml completion'
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ " $commands " == *" $word "* ]] && { command=$word; break; }
  done
  case $prev in
    -o|--output) mapfile -t COMPREPLY < <(compgen -W 'table json name' -- "$cur"); return ;;
    --fmem|--smem|--endpoint|--timeout|--tenant|--*-cell|--*-target|--*-node|--*-latency) return ;;
  esac
  if [[ $cur == -* ]]; then
    local flags='--help --output --endpoint'
    case $command in
      resize) flags+=' --fmem --smem --no-wait --timeout --dry-run' ;;
      domain-xml) flags+=' --fmem-cell --smem-cell --fmem-target --smem-target --fmem-node --smem-node --fmem-latency --smem-latency --tenant' ;;
      '') flags+=' --version' ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$cur")
    return
  fi
  case $command in
    '') mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur") ;;
    get|resize|watch|operations)
      mapfile -t COMPREPLY < <(compgen -W "$(tierctl list -o name 2>/dev/null)" -- "$cur") ;;
    wait|cancel)
      mapfile -t COMPREPLY < <(compgen -W "$(tierctl operations -o name 2>/dev/null)" -- "$cur") ;;
    domain-xml) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    completion) mapfile -t COMPREPLY < <(compgen -W 'bash' -- "$cur") ;;
  esac
}
complete -F _tierctl tierctl
)BASH";

}  // namespace

int Completion() {
  fmt::print("{}", kBash);
  return kOk;
}

}  // namespace hypertier::tierctl
