// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "host-service/tierctl/commands.h"

namespace hypertier::tierctl {
namespace {

// Names are asked for only where one belongs, so that completion of anything else works without hypertierd.
constexpr char kBash[] = R"BASH(# bash completion for tierctl: source <(tierctl completion bash)
# Names are the words of others: compgen -W would run what is written in them.
_tierctl_names() {
  local name
  while IFS= read -r name; do
    [[ $name == "$cur"* ]] && COMPREPLY+=("$(printf '%q' "$name")")
  done < <(tierctl "$1" -o name 2>/dev/null)
}
_tierctl() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command='' verb='' word
  local commands='list get resize watch top operations wait cancel host tenants tenant policy admit explain preview maintenance audit domain-xml report completion'
  local terms='--fmem-reservation --fmem-limit --fmem-shares --smem-reservation --smem-limit --smem-shares'
  COMPREPLY=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ -z $command ]]; then
      [[ " $commands " == *" $word "* ]] && command=$word
    elif [[ -z $verb && " get create set delete on off " == *" $word "* ]]; then
      verb=$word
    fi
  done
  if [[ $command == report ]]; then
    case $prev in
      -o|--output) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
      --format) mapfile -t COMPREPLY < <(compgen -W 'html svg' -- "$cur"); return ;;
      --last) mapfile -t COMPREPLY < <(compgen -W '1h 24h 7d' -- "$cur"); return ;;
      --prometheus|--instance) return ;;
      tenant) _tierctl_names tenants; return ;;
      vm) _tierctl_names list; return ;;
    esac
  fi
  case $prev in
    -o|--output) mapfile -t COMPREPLY < <(compgen -W 'table wide json name' -- "$cur"); return ;;
    --tenant) _tierctl_names tenants; return ;;
    --vm) _tierctl_names list; return ;;
    --provisioner) mapfile -t COMPREPLY < <(compgen -W 'double-balloon virtio-mem' -- "$cur"); return ;;
    --mode) mapfile -t COMPREPLY < <(compgen -W 'auto static none' -- "$cur"); return ;;
    --fmem|--smem|--endpoint|--timeout|--*-cell|--*-base|--*-target|--*-node|--*-latency) return ;;
    --class|--*-reservation|--*-limit|--*-shares|--display-name|--move-rate|--reason|--etag|--limit) return ;;
  esac
  if [[ $cur == -* ]]; then
    local flags='--help --output --endpoint'
    case "$command $verb" in
      'resize ') flags+=' --fmem --smem --no-wait --timeout --dry-run --reason' ;;
      'tenant create') flags+=" --display-name $terms --reason" ;;
      'tenant set') flags+=" --display-name $terms --etag --reason" ;;
      'tenant delete') flags+=' --etag --reason' ;;
      'policy set') flags+=" --mode --class $terms --etag --reason" ;;
      'admit ') flags+=" --tenant --fmem-cell --smem-cell --mode --class $terms" ;;
      'preview ') flags+=" --tenant --vm --mode --class $terms --all" ;;
      'cancel '|'maintenance on'|'maintenance off') flags+=' --reason' ;;
      'audit ') flags+=' --limit' ;;
      'domain-xml ') flags+=' --fmem-cell --smem-cell --fmem-target --smem-target --provisioner --fmem-base --smem-base --fmem-node --smem-node --fmem-latency --smem-latency --tenant'" --mode --class $terms --move-rate" ;;
      'report ') flags+=' --prometheus --instance --last --format --force' ;;
      ' ') flags+=' --version' ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$cur")
    return
  fi
  case "$command $verb" in
    ' ') mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur") ;;
    'get '|'resize '|'watch '|'operations '|'explain '|'policy get'|'policy set')
      _tierctl_names list ;;
    'wait '|'cancel ')
      _tierctl_names operations ;;
    'tenant ') mapfile -t COMPREPLY < <(compgen -W 'get create set delete' -- "$cur") ;;
    'tenant get'|'tenant set'|'tenant delete')
      _tierctl_names tenants ;;
    'policy ') mapfile -t COMPREPLY < <(compgen -W 'get set' -- "$cur") ;;
    'maintenance ') mapfile -t COMPREPLY < <(compgen -W 'on off' -- "$cur") ;;
    'domain-xml ') mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    'report ') mapfile -t COMPREPLY < <(compgen -W 'host tenant vm' -- "$cur") ;;
    'completion ') mapfile -t COMPREPLY < <(compgen -W 'bash' -- "$cur") ;;
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
