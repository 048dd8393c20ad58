# SPDX-License-Identifier: Apache-2.0
"""The PromQL query that tells the scheduler how all hosts fare, and what its answer must look like.

The answer is an instant vector. Each sample has a label that says which host it is of ([hypertier] host_label), a label
`figure`, and, where hypertierd's metric has them, labels `tier` and `tenant`. A query of the operator's own (other
labels, recording rules, more selectors) must give `scraped`; what it leaves out of the others is not known.
"""

import typing as ty

# figure: what it is, and hypertierd's metric (host-service/metrics).
FIGURES: ty.Dict[str, ty.Tuple[str, str]] = {
    # A host whose hypertierd is gone, or not scraped, is known by the age of this.
    'scraped': ('Unix time of the last scrape', 'timestamp(hypertier_host_degraded)'),
    'degraded': ('not 0 while no VM should come here', 'hypertier_host_degraded'),
    'maintenance': ('not 0 in maintenance', 'hypertier_host_maintenance'),
    'capacity': ('bytes of a tier that VMs may have', 'hypertier_host_tier_capacity_bytes'),
    'reserved': ('bytes of a tier that are reserved', 'hypertier_host_tier_reservation_bytes'),
    'charged': ('bytes of a tier that are in use', 'hypertier_host_tier_charged_bytes{tier="fmem"}'),
    'burst': ('bytes in use above reservations', 'hypertier_host_tier_burst_bytes{tier="fmem"}'),
    'missing': ('bytes that are reserved, wanted, and not had', 'hypertier_host_tier_missing_bytes{tier="fmem"}'),
    'hit_ratio': ('share of memory accesses that fast memory serves', 'hypertier_host_fmem_hit_ratio'),
    'tenant_reserved': ('bytes that a tenant itself reserves', 'hypertier_tenant_tier_reservation_bytes'),
    'tenant_vms_reserved': ('bytes that its VMs reserve', 'hypertier_tenant_tier_vms_reservation_bytes'),
    'tenant_limit': ("a tenant's limit; absent: none", 'hypertier_tenant_tier_limit_bytes'),
}

DEFAULT_QUERY = ' or '.join(
    f'label_replace({metric}, "figure", "{figure}", "", "")' for figure, (_, metric) in FIGURES.items())
