#include "net/curl_failure.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "base/ascii.hpp"
#include "crypto/certificate_check.hpp"

namespace authjwks::net {
namespace {

/// The faults for codes of libcurl; all others mean that the connection failed.
constexpr std::array kFaults{
    std::pair{CURLE_COULDNT_RESOLVE_HOST, FetchFault::name_not_resolved},
    std::pair{CURLE_COULDNT_RESOLVE_PROXY, FetchFault::proxy_failed},
    std::pair{CURLE_PROXY, FetchFault::proxy_failed},
    std::pair{CURLE_FILESIZE_EXCEEDED, FetchFault::too_large},
    std::pair{CURLE_OPERATION_TIMEDOUT, FetchFault::timed_out},
    std::pair{CURLE_BAD_CONTENT_ENCODING, FetchFault::bad_encoding},
    std::pair{CURLE_SSL_CONNECT_ERROR, FetchFault::tls_failed},
    std::pair{CURLE_SSL_CIPHER, FetchFault::tls_failed},
    std::pair{CURLE_PEER_FAILED_VERIFICATION, FetchFault::tls_untrusted},
    std::pair{CURLE_SSL_CACERT_BADFILE, FetchFault::tls_no_roots},
    std::pair{CURLE_SSL_CERTPROBLEM, FetchFault::tls_client_certificate},
    std::pair{CURLE_BAD_FUNCTION_ARGUMENT,
              FetchFault::tls_client_certificate},  // newer versions, where its key is missing
};

/// Alerts with which a server refuses the certificate of its client, or the lack of one (RFC 8446 §6.2), as OpenSSL
/// names them; its forks write them in capitals, with underscores. After the handshake of TLS 1.3 they come in place of
/// a response.
constexpr std::array<std::string_view, 6> kClientAlerts{"alert certificate required",    "alert bad certificate",
                                                        "alert unsupported certificate", "alert certificate revoked",
                                                        "alert certificate expired",     "alert certificate unknown"};
constexpr std::string_view kUnknownCaAlert = "alert unknown ca";

template <class T>
T info(CURL* handle, CURLINFO which) {
    T value{};
    curl().easy_getinfo(handle, which, &value);
    return value;
}

std::string with_plain_words(std::string_view words) {
    std::string plain(words);
    std::ranges::transform(plain, plain.begin(), [](char each) { return each == '_' ? ' ' : to_lower(each); });
    return plain;
}

bool has_client_alert(std::string_view reported) {
    const std::string words = with_plain_words(reported);
    return words.find(kUnknownCaAlert) != std::string_view::npos ||
           std::ranges::any_of(
               kClientAlerts, [&words](std::string_view alert) { return words.find(alert) != std::string_view::npos; });
}

/// The status with which a proxy refused to connect us (RFC 9110 §9.3.6); 0 if none did.
long refusal_of_proxy(CURL* handle) {
    const long status = info<long>(handle, CURLINFO_HTTP_CONNECTCODE);
    return status >= 300 ? status : 0;
}

FetchFault fault_of_connection(CURL* handle, CURLcode code, bool has_proxy) {
    if (refusal_of_proxy(handle) != 0) return FetchFault::proxy_failed;
    if (code != CURLE_COULDNT_CONNECT) return FetchFault::unreachable;
    if (has_proxy) return FetchFault::proxy_failed;
    return info<long>(handle, CURLINFO_OS_ERRNO) == ECONNREFUSED ? FetchFault::connection_refused
                                                                 : FetchFault::unreachable;
}

FetchFault fault_of_certificate(long check) {
    switch (crypto::certificate_check(check)) {
        case crypto::CertificateCheck::none:  // libcurl compares the host's name itself, before the library is asked
        case crypto::CertificateCheck::wrong_host: return FetchFault::tls_wrong_host;
        case crypto::CertificateCheck::out_of_time: return FetchFault::tls_expired;
        case crypto::CertificateCheck::distrusted: break;
    }
    return FetchFault::tls_untrusted;
}

/// @param check  the TLS library's verdict on the server's certificate.
FetchFault fault_of(CURL* handle, CURLcode code, long check, std::string_view words, bool has_proxy) {
    if (has_client_alert(words)) return FetchFault::tls_client_certificate;
    const auto* const row = std::ranges::find(kFaults, code, &std::pair<CURLcode, FetchFault>::first);
    if (row == kFaults.end()) return fault_of_connection(handle, code, has_proxy);
    return code == CURLE_PEER_FAILED_VERIFICATION ? fault_of_certificate(check) : row->second;
}

/// Where we were still sending, the alert of TLS 1.3 that tells why is never read.
bool ended_after_handshake(CURL* handle) {
    return info<curl_off_t>(handle, CURLINFO_APPCONNECT_TIME_T) > 0 && info<long>(handle, CURLINFO_HEADER_SIZE) == 0;
}

}  // namespace

FetchFailure failure_of(CURL* handle, CURLcode code, std::string_view words, bool has_proxy) {
    const long check = info<long>(handle, CURLINFO_SSL_VERIFYRESULT);
    FetchFailure failure{fault_of(handle, code, check, words, has_proxy)};
    failure.cause = "libcurl error " + std::to_string(code) + ": " + curl().easy_strerror(code);
    if (failure.fault == FetchFault::tls_untrusted || failure.fault == FetchFault::tls_expired)
        failure.cause += std::string(", ") + crypto::words_of_certificate_check(check);
    if (const long status = refusal_of_proxy(handle); status != 0)
        failure.cause += ", the proxy answered " + std::to_string(status);
    if (failure.fault == FetchFault::unreachable && ended_after_handshake(handle))
        failure.hint =
            "The server ended the connection after the TLS handshake: check its log, and whether it demands a client "
            "certificate, HttpOptions(client_cert=(certificate, key)).";
    return failure;
}

}  // namespace authjwks::net
