#include "keys/discovery.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/lenient_json.hpp"

namespace authjwks {
namespace {

constexpr std::size_t kMaxMetadataDepth = 16;

Url demand_url(const std::string& text, bool allow_http, const char* option) {
    auto url = Url::parse(text, allow_http);
    if (!url)
        throw std::invalid_argument(std::string(option) +
                                    " must be an https URL without user information and fragment");
    return *std::move(url);
}

std::string origin_of_host(const std::string& host) {
    const auto url = Url::parse("https://" + host, false);
    if (!url || host.find_first_of("/?") != std::string::npos)
        throw std::invalid_argument("credential_hosts must be names of hosts, with a port where it is not 443");
    return url->origin();
}

/// OpenID Connect Discovery 1.0 §4: the well-known path is appended to the path of the issuer.
std::string openid_url(std::string_view issuer) {
    if (issuer.ends_with('/')) issuer.remove_suffix(1);
    return std::string(issuer) + "/.well-known/openid-configuration";
}

/// RFC 8414 §3.1: the well-known path is inserted between host and path of the issuer.
std::string oauth_url(std::string_view issuer) {
    if (issuer.ends_with('/')) issuer.remove_suffix(1);
    const auto path = issuer.find('/', issuer.find("://") + 3);
    const auto origin = issuer.substr(0, path);
    return std::string(origin) + "/.well-known/oauth-authorization-server" + std::string(issuer.substr(origin.size()));
}

std::optional<std::string_view> text_member(json::Object object, std::string_view name) {
    const auto member = json::member(object, name);
    return member ? json::text_of(*member) : std::nullopt;
}

FetchFault fault_of(KeySetFault fault) {
    switch (fault) {
        case KeySetFault::too_large: return FetchFault::too_large;
        case KeySetFault::not_json: return FetchFault::not_json;
        case KeySetFault::too_many_keys: return FetchFault::too_many_keys;
        case KeySetFault::not_a_key_set: break;
    }
    return FetchFault::not_a_key_set;
}

}  // namespace

KeyLocation::KeyLocation(const LocationOptions& options)
    : issuer_(options.issuer), spellings_(options.spellings), allow_http_(options.allow_http) {
    if (options.jwks_uri) {
        jwks_uri_ = demand_url(*options.jwks_uri, allow_http_, "jwks_uri");
    } else if (options.discovery_url) {
        metadata_urls_.push_back(demand_url(*options.discovery_url, allow_http_, "discovery_url"));
    } else if (issuer_) {
        demand_url(*issuer_, allow_http_, "issuer");
        if (issuer_->find('?') != std::string::npos) throw std::invalid_argument("issuer must not have a query");
        metadata_urls_.push_back(demand_url(openid_url(*issuer_), allow_http_, "issuer"));
        metadata_urls_.push_back(demand_url(oauth_url(*issuer_), allow_http_, "issuer"));
    } else {
        throw std::invalid_argument("issuer, discovery_url or jwks_uri must say where the keys are");
    }
    if (jwks_uri_) credential_origins_.insert(jwks_uri_->origin());
    for (const Url& url : metadata_urls_) credential_origins_.insert(url.origin());
    for (const std::string& host : options.credential_hosts) credential_origins_.insert(origin_of_host(host));
}

bool KeyLocation::is_expected(std::string_view issuer) const {
    return !issuer_ || issuer == *issuer_ || std::ranges::find(spellings_, issuer) != spellings_.end();
}

bool KeyLocation::may_have_credentials(const Url& url) const { return credential_origins_.contains(url.origin()); }

Result<LoadedKeys, FetchFault> KeyLocation::load(const Fetch& fetch, const LoadRequest& request) const {
    const auto place = jwks_uri_ ? Result<Place, FetchFault>(Place{*jwks_uri_}) : discover(fetch, request);
    if (!place) return place.error();
    const Url& where = place->url;
    const bool may_be_known = !request.no_cache && request.known.url == where.text() && request.known.version.has_any();
    auto response = fetch({.url = where.text(),
                           .deadline = request.deadline,
                           .no_cache = request.no_cache,
                           .known = may_be_known ? request.known.version : Validators{},
                           .send_credentials = may_have_credentials(where)});
    if (!response) return response.error();
    if (response->status == 304 && may_be_known) return LoadedKeys{std::nullopt, response->lifetime, request.known};
    if (response->status != 200) return FetchFault::bad_status;
    Origin origin{where.text(), std::move(response->body), std::move(response->version)};
    if (origin.url == request.known.url && origin.body == request.known.body)
        return LoadedKeys{std::nullopt, response->lifetime, std::move(origin)};
    auto keys = KeySet::parse(origin.body, KeySetLimits{});
    if (!keys) return fault_of(keys.error());
    keys->add_tolerated(place->tolerated);
    return LoadedKeys{*std::move(keys), response->lifetime, std::move(origin)};
}

Result<KeyLocation::Place, FetchFault> KeyLocation::discover(const Fetch& fetch, const LoadRequest& request) const {
    auto fault = FetchFault::not_discovery;
    for (const Url& url : metadata_urls_) {
        const auto response = fetch({.url = url.text(),
                                     .deadline = request.deadline,
                                     .no_cache = request.no_cache,
                                     .send_credentials = may_have_credentials(url)});
        if (!response) return response.error();
        if (response->status == 200) return read_metadata(response->body, url);
        // Only where this document does not exist, the other one is tried.
        if (response->status < 400 || response->status >= 500) return FetchFault::bad_status;
        fault = FetchFault::bad_status;
    }
    return fault;
}

Result<KeyLocation::Place, FetchFault> KeyLocation::read_metadata(const std::string& body, const Url& from) const {
    json::Document document(kMaxMetadataDepth);
    json::Tolerated tolerated;
    const auto value = json::parse_leniently(document, body, tolerated);
    if (!value) return FetchFault::not_json;
    const auto metadata = json::as<json::Object>(*value);
    if (!metadata || !json::names_are_distinct(*metadata)) return FetchFault::not_discovery;
    const auto issuer = text_member(*metadata, "issuer"), jwks_uri = text_member(*metadata, "jwks_uri");
    if (!issuer || !jwks_uri) return FetchFault::not_discovery;
    if (!is_expected(*issuer)) return FetchFault::issuer_mismatch;
    auto url = Url::parse(*jwks_uri, allow_http_ && !from.is_secure());
    if (!url) return FetchFault::url_refused;
    return Place{*std::move(url), tolerated};
}

}  // namespace authjwks
