#include "net/curl_api.hpp"

#include <stdexcept>
#include <string>

#include <dlfcn.h>

#include "crypto/fork_safe_section.hpp"

namespace authjwks::net {
namespace {

/// Older versions lack CURLOPT_PROTOCOLS_STR, and would use any protocol they know.
constexpr unsigned int kOldest = CURL_VERSION_BITS(7, 85, 0);

[[noreturn]] void refuse(const std::string& reason) {
    throw std::invalid_argument("keys are fetched over libcurl 7.85 or later, and " + reason);
}

[[noreturn]] void refuse_as_the_loader_does() {
    refuse(dlerror());  // NOLINT(concurrency-mt-unsafe): thread-local in glibc and musl
}

void demand_version(const curl_version_info_data& found) {
    if (found.version_num < kOldest) refuse("this is " + std::string(found.version));
}

template <class Function>
void find(Function*& function, void* library, const char* name) {
    function = reinterpret_cast<Function*>(dlsym(library, name));
    if (function == nullptr) refuse_as_the_loader_does();
}

CurlApi system_curl() {
#ifdef AUTHJWKS_LINK_CURL
#define AUTHJWKS_CURL_ADDRESS(name) .name = &curl_##name,
    demand_version(*curl_version_info(CURLVERSION_NOW));
    return {AUTHJWKS_CURL_FUNCTIONS(AUTHJWKS_CURL_ADDRESS)};
#undef AUTHJWKS_CURL_ADDRESS
#else
    return load_curl("libcurl.so.4");
#endif
}

}  // namespace

CurlApi load_curl(const char* file) {
    void* const library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) refuse_as_the_loader_does();
    CurlApi api;
    find(api.version_info, library, "curl_version_info");
    demand_version(*api.version_info(CURLVERSION_NOW));
#define AUTHJWKS_CURL_FIND(name) find(api.name, library, "curl_" #name);
    AUTHJWKS_CURL_FUNCTIONS(AUTHJWKS_CURL_FIND)
#undef AUTHJWKS_CURL_FIND
    return api;
}

const CurlApi& curl() {
    const crypto::ForkSafeSection section;  // a child that is forked meanwhile would have a half-loaded libcurl
    static const CurlApi only = [] {
        const CurlApi api = system_curl();
        api.global_init(CURL_GLOBAL_DEFAULT);
        return api;
    }();
    return only;
}

}  // namespace authjwks::net
