#include "net/fetch_fault.hpp"

#include <array>
#include <cstddef>

namespace authjwks {
namespace {

constexpr std::array kFetchFaults{
    FetchFaultInfo{FetchFault::name_not_resolved, "name_not_resolved",
                   "could not be asked for: its host has no address",
                   "Check the spelling of the host, and the DNS that this machine or cluster uses."},
    FetchFaultInfo{
        FetchFault::connection_refused, "connection_refused", "could not be asked for: its host refused the connection",
        "Check the port, that the issuer runs, that no firewall is in between, and the proxy if there is one."},
    FetchFaultInfo{
        FetchFault::unreachable, "unreachable", "did not arrive: the connection failed",
        "Check the network on the way, that the port speaks the scheme of the URL, and the log of the issuer."},
    FetchFaultInfo{
        FetchFault::proxy_failed, "proxy_failed", "did not arrive: the proxy failed or refused",
        "Check HttpOptions(proxy=...), or https_proxy and no_proxy in the environment, and the credentials in them."},
    FetchFaultInfo{
        FetchFault::timed_out, "timed_out", "did not arrive in time",
        "Check the network and the load of the issuer; HttpOptions(timeout=..., connect_timeout=...) says how long to wait."},
    FetchFaultInfo{FetchFault::tls_untrusted, "tls_untrusted",
                   "comes with a certificate that no trusted authority has signed",
                   "If the issuer has an authority of its own, name its certificate: HttpOptions(ca_file=...)."},
    FetchFaultInfo{FetchFault::tls_expired, "tls_expired",
                   "comes with a certificate that has expired or is not valid yet",
                   "Renew the server's certificate, and check the clock of this machine."},
    FetchFaultInfo{FetchFault::tls_wrong_host, "tls_wrong_host", "comes with the certificate of another host",
                   "Use the host name that the certificate is for, or have it issued for the one in the URL."},
    FetchFaultInfo{FetchFault::tls_no_roots, "tls_no_roots",
                   "could not be asked for: there is no certificate of an authority to trust",
                   "Install the package ca-certificates, or name a file: HttpOptions(ca_file=...)."},
    FetchFaultInfo{FetchFault::tls_client_certificate, "tls_client_certificate",
                   "is only for clients with a certificate that the server trusts",
                   "Set HttpOptions(client_cert=(certificate, key)) to one of an authority that the issuer accepts."},
    FetchFaultInfo{
        FetchFault::tls_failed, "tls_failed", "could not be asked for: the TLS handshake failed",
        "Check that the port speaks TLS 1.2 or later and not plain http, and whether the server demands a client certificate, HttpOptions(client_cert=...)."},
    FetchFaultInfo{
        FetchFault::redirected, "redirected", "is somewhere else: redirects are not followed",
        "Configure the URL that it redirects to, often the same with https; if that is a login page, the URL is wrong."},
    FetchFaultInfo{FetchFault::access_denied, "access_denied", "is not shown to this service",
                   "Check the URL, for key sets are public; a gateway may need credentials: HttpOptions(headers=...)."},
    FetchFaultInfo{FetchFault::not_found, "not_found", "does not exist",
                   "Check the spelling of issuer, its realm or tenant included, or set discovery_url or jwks_uri."},
    FetchFaultInfo{
        FetchFault::too_many_requests, "too_many_requests", "is asked for too often, as the server says",
        "Nothing is asked before the time that it names; raise KeyOptions(ttl=..., cooldown=...) or have the limit raised."},
    FetchFaultInfo{FetchFault::server_error, "server_error",
                   "could not be sent: the server reports an error of its own", "Look into the log of the issuer."},
    FetchFaultInfo{FetchFault::bad_status, "bad_status", "was not sent: the status is not 200",
                   "Check that the URL is that of the document."},
    FetchFaultInfo{FetchFault::too_large, "too_large", "is longer than 1 MiB, or its headers than 64 KiB",
                   "Check that the URL is that of the document."},
    FetchFaultInfo{FetchFault::bad_encoding, "bad_encoding", "is compressed in a way that is not accepted",
                   "Only gzip and deflate are, applied once: check the server, and gateways before it."},
    FetchFaultInfo{FetchFault::not_json, "not_json", "is not JSON",
                   "Check issuer, discovery_url or jwks_uri: this may be a page for people."},
    FetchFaultInfo{FetchFault::not_discovery, "not_discovery",
                   "is not the metadata of an issuer: it must have issuer and jwks_uri, once each",
                   "Check discovery_url; the URL of a key set is jwks_uri."},
    FetchFaultInfo{FetchFault::issuer_mismatch, "issuer_mismatch", "is that of another issuer",
                   "Set issuer to exactly the text that tokens and metadata have, if it is the issuer that you trust."},
    FetchFaultInfo{FetchFault::url_refused, "url_refused",
                   "names a key set by a URL that is not fetched: it must be https",
                   "Have jwks_uri in the metadata corrected, or set jwks_uri."},
    FetchFaultInfo{FetchFault::not_a_key_set, "not_a_key_set", "is not a JSON Web Key Set",
                   "Check jwks_uri; the URL of the issuer's metadata is discovery_url."},
    FetchFaultInfo{FetchFault::too_many_keys, "too_many_keys", "has more than 256 keys",
                   "Check that the URL is that of this issuer's keys alone."},
    FetchFaultInfo{
        FetchFault::no_usable_keys, "no_usable_keys", "has no key that can check signatures",
        "Have the issuer publish a signing key: RSA of at least 2048 bits, EC or EdDSA, with use \"sig\" or none."},
    FetchFaultInfo{FetchFault::fetch_raised, "fetch_raised", "did not arrive: the function given as fetch failed",
                   "See the error that it raised, in the log at DEBUG; it must return status, headers and body."},
    FetchFaultInfo{FetchFault::stopped, "stopped",
                   "is no longer asked for: the verifier was closed or the process ends",
                   "Make a new verifier if one is needed."},
};

consteval bool rows_follow_the_enum() {
    for (std::size_t row = 0; row < kFetchFaults.size(); ++row)
        if (static_cast<std::size_t>(kFetchFaults[row].fault) != row) return false;
    return kFetchFaults.size() == static_cast<std::size_t>(FetchFault::stopped) + 1;
}
static_assert(rows_follow_the_enum());

}  // namespace

std::span<const FetchFaultInfo> fetch_faults() { return kFetchFaults; }

const FetchFaultInfo& describe(FetchFault fault) { return kFetchFaults[static_cast<std::size_t>(fault)]; }

}  // namespace authjwks
