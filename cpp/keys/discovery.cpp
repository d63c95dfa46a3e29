#include "keys/discovery.hpp"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/lenient_json.hpp"
#include "keys/issuer_hint.hpp"

namespace authjwks {
namespace {

constexpr std::size_t kMaxMetadataDepth = 16;

Url demand_url(const std::string& text, bool allow_http, const char* option) {
    auto url = Url::parse(text, allow_http);
    if (url) return *std::move(url);
    if (Url::parse(text, true))
        throw std::invalid_argument(std::string(option) +
                                    " must be an https URL; for an issuer on the same machine or in a test, "
                                    "HttpOptions(allow_http=True) allows http");
    throw std::invalid_argument(std::string(option) + " must be an https URL without user information and fragment");
}

std::string origin_of_host(const std::string& host) {
    const auto url = Url::parse("https://" + host, false);
    if (!url || host.find_first_of("/?") != std::string::npos)
        throw std::invalid_argument("credential_hosts must be names of hosts, with a port where it is not 443");
    return url->origin();
}

/// OpenID Connect Discovery 1.0 §4: the well-known path is appended to the path of the issuer.
std::string openid_url(std::string_view issuer) {
    return std::string(without_slash(issuer)) + "/.well-known/openid-configuration";
}

/// RFC 8414 §3.1: the well-known path is inserted between host and path of the issuer.
std::string oauth_url(std::string_view issuer) {
    issuer = without_slash(issuer);
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

/// Only where a document does not exist, another one is tried.
bool is_absent(long status) { return status == 404 || status == 405; }

/// Whether the keys may be elsewhere by now, so that the metadata is worth asking for.
bool may_have_moved(const FetchFailure& failure) {
    return failure.fault != FetchFault::timed_out && failure.fault != FetchFault::too_many_requests &&
           failure.fault != FetchFault::stopped;
}

/// Why no member of the set can be used, each reason once.
std::string reasons_of(const KeySet& keys) {
    if (keys.members() == 0) return "the set is empty";
    std::vector<std::string_view> reasons;
    for (const KeySet::Skipped& entry : keys.skipped())
        if (const auto reason = name_of(entry.reason); std::ranges::find(reasons, reason) == reasons.end())
            reasons.push_back(reason);
    std::string text = std::to_string(keys.members()) + (keys.members() == 1 ? " key: " : " keys: ");
    for (const std::string_view reason : reasons) text.append(reason == reasons.front() ? "" : ", ").append(reason);
    return text;
}

FetchFailure located(FetchFailure failure, FetchStage stage, const Url& url) {
    constexpr std::size_t longest = 200;
    failure.stage = stage;
    failure.url = url.text().size() <= longest ? url.text() : url.text().substr(0, longest) + "...";
    return failure;
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

Result<LoadedKeys, FetchFailure> KeyLocation::load(const Fetch& fetch, const LoadRequest& request) const {
    if (jwks_uri_) return load_from(fetch, request, *jwks_uri_, std::nullopt);
    const auto& known = request.known.location;
    std::optional<FetchFailure> failure;
    if (known && request.now < known->found_at + request.max_location_age) {
        auto loaded = load_from(fetch, request, known->jwks_uri, known);
        if (loaded || !may_have_moved(loaded.error())) return loaded;
        failure = loaded.error();
    }
    const auto found = discover(fetch, request);
    if (failure && (!found || found->jwks_uri.text() == known->jwks_uri.text())) return *std::move(failure);
    if (!found) return found.error();
    return load_from(fetch, request, found->jwks_uri, *found);
}

Result<HttpResponse, FetchFailure> KeyLocation::ask(const Fetch& fetch, const LoadRequest& request, const Url& url,
                                                    FetchStage stage, const Validators& known) const {
    auto response = fetch({.url = url.text(),
                           .deadline = request.deadline,
                           .no_cache = request.no_cache,
                           .known = known,
                           .send_credentials = may_have_credentials(url)});
    if (!response) return located(response.error(), stage, url);
    if (response->status == 200 || (response->status == 304 && known.has_any())) return response;
    FetchFailure failure = located(fault_of_status(response->status), stage, url);
    failure.status = response->status;
    if (response->status == 429 || response->status == 503) failure.retry_after = response->retry_after;
    return failure;
}

Result<LoadedKeys, FetchFailure> KeyLocation::load_from(const Fetch& fetch, const LoadRequest& request, const Url& url,
                                                        const std::optional<FoundLocation>& location) const {
    const Origin& known = request.known;
    const bool may_be_known = !request.no_cache && known.url == url.text();
    auto response = ask(fetch, request, url, FetchStage::key_set, may_be_known ? known.version : Validators{});
    if (!response) return response.error();
    if (response->status == 304)
        return LoadedKeys{std::nullopt, response->lifetime, {known.url, known.body, known.version, location}};
    Origin origin{url.text(), std::move(response->body), std::move(response->version), location};
    if (origin.url == known.url && origin.body == known.body)
        return LoadedKeys{std::nullopt, response->lifetime, std::move(origin)};
    auto keys = KeySet::parse(origin.body, KeySetLimits{});
    if (!keys) return located(fault_of(keys.error()), FetchStage::key_set, url);
    if (keys->usable().empty())
        return located({FetchFault::no_usable_keys, reasons_of(*keys)}, FetchStage::key_set, url);
    if (location) keys->add_tolerated(location->tolerated);
    return LoadedKeys{*std::move(keys), response->lifetime, std::move(origin)};
}

Result<FoundLocation, FetchFailure> KeyLocation::discover(const Fetch& fetch, const LoadRequest& request) const {
    std::optional<FetchFailure> absent;
    for (const Url& url : metadata_urls_) {
        const auto response = ask(fetch, request, url, FetchStage::discovery, {});
        if (response) return read_metadata(response->body, url, request.now);
        if (!is_absent(response.error().status)) return response.error();
        if (!absent) absent = response.error();
    }
    return *std::move(absent);
}

Result<FoundLocation, FetchFailure> KeyLocation::read_metadata(const std::string& body, const Url& from,
                                                               Tick now) const {
    const auto refused = [&from](FetchFailure failure) {
        return located(std::move(failure), FetchStage::discovery, from);
    };
    json::Document document(kMaxMetadataDepth);
    json::Tolerated tolerated;
    const auto value = json::parse_leniently(document, body, tolerated);
    if (!value) return refused(FetchFault::not_json);
    const auto metadata = json::as<json::Object>(*value);
    if (!metadata || !json::names_are_distinct(*metadata)) return refused(FetchFault::not_discovery);
    const auto issuer = text_member(*metadata, "issuer"), jwks_uri = text_member(*metadata, "jwks_uri");
    if (!issuer || !jwks_uri) return refused(FetchFault::not_discovery);
    if (!is_expected(*issuer)) {
        FetchFailure failure{FetchFault::issuer_mismatch, "it names " + excerpt(*issuer)};
        failure.hint = issuer_hint(*issuer_, *issuer);
        return refused(std::move(failure));
    }
    auto url = Url::parse(*jwks_uri, allow_http_ && !from.is_secure());
    if (!url) return refused(FetchFault::url_refused);
    return FoundLocation{*std::move(url), tolerated, now};
}

}  // namespace authjwks
