# The Debian package: `cmake --build build/release --target package` gives quiver_<version>_<architecture>.deb.
# Included by the release build alone: what is made here comes from the program that is shipped.
set(pages ${CMAKE_SOURCE_DIR}/packaging/pages)
set(made ${CMAKE_BINARY_DIR}/package)
file(MAKE_DIRECTORY ${made})

# ---- manual pages, completions, configuration: made by a program that links the same tables ----

file(GLOB sources CONFIGURE_DEPENDS ${pages}/*.c)
file(GLOB templates CONFIGURE_DEPENDS ${pages}/templates/*)
add_executable(quiver_pages ${sources})
target_link_libraries(quiver_pages PRIVATE quiver_policy)
target_compile_definitions(quiver_pages PRIVATE QUIVER_VERSION="${PROJECT_VERSION}")

set(sections 1 5 8)
set(manuals quiver.1 quiver-pki.1 quiver-serve.8 quiver.yaml.5 quiver-policy.yaml.5)
set(others quiver.bash quiver.zsh quiver.yaml policy.yaml)
list(TRANSFORM manuals PREPEND ${made}/ OUTPUT_VARIABLE manual_files)
list(TRANSFORM others PREPEND ${made}/ OUTPUT_VARIABLE other_files)
add_custom_command(OUTPUT ${manual_files} ${other_files}
  # By the name that it has when it is installed, for its help texts name it.
  COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_SOURCE_DIR}/certs/pki ${made}/quiver-pki
  COMMAND quiver_pages $<TARGET_FILE:quiver> ${made}/quiver-pki ${CMAKE_SOURCE_DIR} ${made}
  DEPENDS quiver quiver_pages ${templates} ${CMAKE_SOURCE_DIR}/certs/pki ${CMAKE_SOURCE_DIR}/docs/policy.md
          ${CMAKE_SOURCE_DIR}/config/quiver.yaml ${CMAKE_SOURCE_DIR}/config/policy.yaml)

# Policy wants manuals and changelog compressed, and without a time in them.
list(TRANSFORM manual_files APPEND .gz OUTPUT_VARIABLE compressed)
add_custom_command(OUTPUT ${compressed} ${made}/changelog.gz
  COMMAND gzip -9nkf ${manual_files}
  COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_SOURCE_DIR}/packaging/debian/changelog ${made}/changelog
  COMMAND gzip -9nf ${made}/changelog
  DEPENDS ${manual_files} ${CMAKE_SOURCE_DIR}/packaging/debian/changelog)
add_custom_target(quiver_package_files ALL DEPENDS ${compressed} ${other_files} ${made}/changelog.gz)

# ---- where things go; absolute, for the package is the only one who installs ----

set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
file(GLOB units CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/packaging/quiver.service ${CMAKE_SOURCE_DIR}/packaging/quiver.socket)
file(GLOB documents CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/*.md ${CMAKE_SOURCE_DIR}/docs/*.json)

install(TARGETS quiver RUNTIME DESTINATION /usr/bin)
install(PROGRAMS ${CMAKE_SOURCE_DIR}/certs/pki DESTINATION /usr/bin RENAME quiver-pki)
install(FILES ${made}/quiver.yaml ${made}/policy.yaml DESTINATION /etc/quiver)
install(FILES ${units} DESTINATION /lib/systemd/system)
foreach(section IN LISTS sections)
  set(of_section ${compressed})
  list(FILTER of_section INCLUDE REGEX "\\.${section}\\.gz$")
  install(FILES ${of_section} DESTINATION /usr/share/man/man${section})
endforeach()
install(FILES ${made}/quiver.bash DESTINATION /usr/share/bash-completion/completions RENAME quiver)
install(FILES ${made}/quiver.zsh DESTINATION /usr/share/zsh/vendor-completions RENAME _quiver)
install(FILES ${documents} ${made}/changelog.gz ${CMAKE_SOURCE_DIR}/packaging/debian/copyright
              ${CMAKE_SOURCE_DIR}/packaging/debian/README.Debian DESTINATION /usr/share/doc/quiver)
if(EXISTS ${CMAKE_SOURCE_DIR}/docs/monitoring)
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/monitoring DESTINATION /usr/share/doc/quiver)
endif()

# ---- the package ----

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON) # the destinations above are absolute
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME quiver)
set(CPACK_PACKAGE_CONTACT "Quiver maintainers <maintainers@quiver.invalid>"
    CACHE STRING "who answers for the package: Name <address>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "TLS-first service registry for Eclipse Arrowhead local clouds")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Quiver keeps the arrows of an Arrowhead local cloud: providers register their
services in it, consumers look them up, and each caller is known by its client
certificate. Certificates, revocation lists and policy are taken over while it
runs; what was acknowledged is kept by a Redis of its own.
.
The package has the service, its commands, and quiver-pki, which makes and
keeps the certificates of a local cloud.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, openssl, redis-server | valkey-server")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "curl, prometheus")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(control ${CMAKE_SOURCE_DIR}/packaging/debian)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${control}/postinst ${control}/prerm ${control}/postrm ${control}/conffiles)
include(CPack)
