// SPDX-License-Identifier: Apache-2.0
//
// The commands of tierctl. Each returns the exit code.
#pragma once

#include <string>
#include <vector>

#include "host-service/domain/shape.h"
#include "host-service/tierctl/client.h"
#include "host-service/tierctl/terms_flags.h"

namespace hypertier::tierctl {

int List(const Context& context);
int Get(const Context& context, const std::string& vm);

struct ResizeOptions {
  std::string vm;
  // As written behind --fmem and --smem; empty: leave the tier as it is.
  std::string fmem;
  std::string smem;
  bool wait = true;
  bool dry_run = false;
  // Seconds after which the operation fails; 0: hypertierd's default.
  unsigned timeout_s = 0;
  // For the audit log.
  std::string reason;
};
int Resize(const Context& context, const ResizeOptions& options);

int ListOperations(const Context& context, const std::string& vm);
// Shows the operation's progress until it has ended.
int WaitOperation(const Context& context, const std::string& operation);
int CancelOperation(const Context& context, const std::string& operation, const std::string& reason);

// Shows `vms` (all when empty) until the user leaves.
int Watch(const Context& context, const std::vector<std::string>& vms);

// All VMs and tenants on a full screen, until the user leaves.
int Top(const Context& context);

int ShowHost(const Context& context);
int SetMaintenance(const Context& context, bool active, const std::string& reason);

int ListTenants(const Context& context);
int GetTenant(const Context& context, const std::string& tenant);

// A tenant is named by its id, with or without "tenants/".
struct TenantOptions {
  std::string tenant;
  TenantFlags flags;
  // Empty: whatever is in force.
  std::string etag;
  // For the audit log.
  std::string reason;
};
int CreateTenant(const Context& context, const TenantOptions& options);
int SetTenant(const Context& context, const TenantOptions& options);
int DeleteTenant(const Context& context, const TenantOptions& options);

int GetPolicy(const Context& context, const std::string& vm);

struct PolicyOptions {
  std::string vm;
  PolicyFlags flags;
  std::string etag;
  std::string reason;
};
int SetPolicy(const Context& context, const PolicyOptions& options);

struct AdmitOptions {
  // Empty: a VM without one.
  std::string tenant;
  PerTier<Bytes> cells;
  PolicyFlags flags;
};
// kRefused where the VM would not be admitted.
int Admit(const Context& context, const AdmitOptions& options);

struct PreviewOptions {
  // Either of them; the other is empty.
  std::string tenant;
  std::string vm;
  PolicyFlags flags;
  // VMs whose targets stay, too.
  bool all = false;
};
int Preview(const Context& context, const PreviewOptions& options);
int Explain(const Context& context, const std::string& vm);

// The newest `limit` (above 0) records.
int Audit(const Context& context, const std::string& subject, int limit);

// Reads domain XML from `file` ("-": standard input), writes the two-tier one to standard output.
// `policy`: for the metadata, beside what `options` says.
int DomainXml(const std::string& file, domain::ShapeOptions options, const PolicyFlags& policy);

// A report from Prometheus, as one file.
struct ReportOptions {
  // "host", "tenant" or "vm"; the latter two have a name.
  std::string of;
  std::string name;
  // Address of Prometheus; what it calls the host (empty: there is one only).
  std::string prometheus;
  std::string instance;
  std::string last = "1h";
  std::string file;
  // "html" or "svg"; empty: by the file's name.
  std::string format;
  bool force = false;
};
int Report(const ReportOptions& options);

// Prints the completion script for bash.
int Completion();

}  // namespace hypertier::tierctl
