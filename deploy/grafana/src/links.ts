// SPDX-License-Identifier: Apache-2.0
//
// From a number to the dashboard that explains it. Label values are encoded: names of VMs and tenants are chosen by their owners.

export const uid = {
  fleet: 'hypertier-fleet',
  host: 'hypertier-host',
  tenant: 'hypertier-tenant',
  vm: 'hypertier-vm',
  tiering: 'hypertier-tiering',
};

export interface Link {
  title: string;
  url: string;
}

/** Every link keeps the data source and the time range. */
function to(target: string, ...variables: string[]): string {
  return `/d/${target}?${['var-datasource=${datasource}', ...variables, '${__url_time_range}'].join('&')}`;
}

const labelled = (variable: string, label: string) => `var-${variable}=\${__field.labels.${label}:percentencode}`;
const cell = (variable: string, column: string) => `var-${variable}=\${__data.fields["${column}"]:percentencode}`;

/** From a series that has the label. */
export const toHost: Link = { title: 'This host', url: to(uid.host, labelled('instance', 'instance')) };
export const toTenant: Link = { title: 'This tenant', url: to(uid.tenant, labelled('tenant', 'tenant')) };
export const toVm: Link = { title: 'This VM', url: to(uid.vm, labelled('vm', 'name')) };
export const toTiering: Link = { title: 'How it is tiered', url: to(uid.tiering, labelled('vm', 'name')) };

/** From a row of a table, by the column of that header. */
export const rowToHost: Link = { title: 'This host', url: to(uid.host, cell('instance', 'Host')) };
export const rowToTenant: Link = { title: 'This tenant', url: to(uid.tenant, cell('tenant', 'Tenant')) };
export const rowToVm: Link = { title: 'This VM', url: to(uid.vm, cell('vm', 'VM')) };
