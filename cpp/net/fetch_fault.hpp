// Every way in which a document of an issuer can fail to come, as one table from which reports, the log and the
// documentation are made.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace authjwks {

enum class FetchFault : std::uint8_t {
    name_not_resolved,
    connection_refused,
    unreachable,
    proxy_failed,
    timed_out,
    tls_untrusted,
    tls_expired,
    tls_wrong_host,
    tls_no_roots,
    tls_client_certificate,
    tls_failed,
    redirected,
    access_denied,
    not_found,
    too_many_requests,
    server_error,
    bad_status,
    too_large,
    bad_encoding,
    not_json,
    not_discovery,
    issuer_mismatch,
    url_refused,
    not_a_key_set,
    too_many_keys,
    no_usable_keys,
    fetch_raised,
    stopped,
};

/// One fault. The slug is a stable identifier for programs; the problem goes on from "The key set at URL", and the
/// advice is what an operator can do. None contains text of a server.
struct FetchFaultInfo {
    FetchFault fault;
    std::string_view slug, problem, advice;
};

/// All rows, in the order of the enum.
std::span<const FetchFaultInfo> fetch_faults();
const FetchFaultInfo& describe(FetchFault fault);

/// The name of the fault, for reports.
inline std::string_view name_of(FetchFault fault) { return describe(fault).slug; }

/// The fault for the status of a response that is not 200.
constexpr FetchFault fault_of_status(long status) {
    if (status >= 300 && status < 400 && status != 304) return FetchFault::redirected;
    if (status == 401 || status == 403) return FetchFault::access_denied;
    if (status == 404 || status == 410) return FetchFault::not_found;
    if (status == 407) return FetchFault::proxy_failed;
    if (status == 429) return FetchFault::too_many_requests;
    return status >= 500 && status < 600 ? FetchFault::server_error : FetchFault::bad_status;
}

}  // namespace authjwks
