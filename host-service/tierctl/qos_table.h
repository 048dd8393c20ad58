// SPDX-License-Identifier: Apache-2.0
//
// What QosService answers, for people.
#pragma once

#include <string>
#include <vector>

#include "hypertier/v1/qos.pb.h"

namespace hypertier::tierctl {

std::string FormatHost(const v1::Host& host);

// A row a tier of each tenant, then what cannot be kept.
std::string FormatTenants(const std::vector<v1::Tenant>& tenants);

// All that is known of one tenant.
std::string FormatTenant(const v1::Tenant& tenant);

std::string FormatPolicy(const v1::VmPolicy& policy);

std::string FormatAdmission(const v1::CheckAdmissionResponse& admission);

std::string FormatPreview(const v1::PlanPreviewResponse& preview);

std::string FormatExplanation(const v1::ExplainVmResponse& explanation);

std::string FormatAudit(const v1::ListAuditRecordsResponse& audit);

}  // namespace hypertier::tierctl
