// SPDX-License-Identifier: Apache-2.0
//
// Pieces of PromQL: what the variables of a dashboard choose, and the few forms that our queries have.

export type Variable = 'instance' | 'tenant' | 'vm';

/**
 * The series that the variables of one dashboard choose. Those in `many` can have several values; only one value of the others is
 * chosen, and Grafana does not escape that for a regular expression.
 */
export class Chosen {
  constructor(private readonly variables: Variable[], private readonly many: Variable[]) {}

  /** `instance=~"$instance"`, if there is such a variable. */
  private matcher(variable: Variable, label: string = variable): string[] {
    if (!this.variables.includes(variable)) return [];
    return [`${label}${this.many.includes(variable) ? '=~' : '='}"$${variable}"`];
  }

  /** Series of hosts. */
  host(metric: string, ...matchers: string[]): string {
    return select(metric, [...matchers, ...this.matcher('instance')]);
  }

  /** Series of tenants. */
  tenant(metric: string, ...matchers: string[]): string {
    return select(metric, [...matchers, ...this.matcher('instance'), ...this.matcher('tenant')]);
  }

  /** Series that say which VMs there are. */
  info(): string {
    return select('hypertier_vm_info', [...this.matcher('instance'), ...this.matcher('tenant'), ...this.matcher('vm', 'name')]);
  }

  /** `value`, which has a label vm, of the VMs chosen: their names and tenants become labels. */
  vms(value: string): string {
    return `${value} * on (instance, vm) group_left (name, tenant) ${this.info()}`;
  }

  /** Series of VMs as they are. */
  vm(metric: string, ...matchers: string[]): string {
    return this.vms(this.host(metric, ...matchers));
  }

  /** How fast counters of VMs grow. */
  vmRate(metric: string, ...matchers: string[]): string {
    return this.vms(rate(this.host(metric, ...matchers)));
  }
}

function select(metric: string, matchers: string[]): string {
  return matchers.length > 0 ? `${metric}{${matchers.join(', ')}}` : metric;
}

export const tier = { FMEM: 'tier="fmem"', SMEM: 'tier="smem"' };
export const tiers = Object.entries(tier) as ['FMEM' | 'SMEM', string][];

export const rate = (counter: string) => `rate(${counter}[$__rate_interval])`;
export const increase = (counter: string) => `increase(${counter}[$__range])`;
export const sum = (value: string, ...by: string[]) => `sum${grouped(by)} (${value})`;
export const max = (value: string, ...by: string[]) => `max${grouped(by)} (${value})`;
export const min = (value: string, ...by: string[]) => `min${grouped(by)} (${value})`;
export const top = (count: number, value: string) => `topk(${count}, ${value})`;
/** Not below 0; of a difference that is measured at two moments. */
export const atLeastNothing = (value: string) => `clamp_min(${value}, 0)`;
/** 0 where there is nothing to count. */
export const orNothing = (value: string) => `${value} or vector(0)`;

/** A quantile of a histogram, of which `buckets` are the series. */
export const quantile = (share: number, buckets: string, ...by: string[]) =>
  `histogram_quantile(${share}, ${sum(rate(buckets), 'le', ...by)})`;

function grouped(by: string[]): string {
  return by.length > 0 ? ` by (${by.join(', ')})` : '';
}
