"""deploy/kubernetes/sidecar.yaml: what a sidecar must say, and that the daemon takes its configuration."""

import os
import pathlib
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(os.environ["LOADSTAR_SOURCE"])
BINARY = os.environ["LOADSTAR_BINARY"]

# All fields that the file may use, by kind of object: a misspelt one ("readynessProbe") would be
# dropped by the server without a word (operations.md 6.2).
POD = {"terminationGracePeriodSeconds", "automountServiceAccountToken", "securityContext", "initContainers",
       "containers", "volumes"}
CONTAINER = {"name", "image", "restartPolicy", "args", "env", "ports", "startupProbe", "livenessProbe",
             "readinessProbe", "resources", "securityContext", "volumeMounts"}
PROBE = {"httpGet", "periodSeconds", "timeoutSeconds", "failureThreshold"}
POD_SECURITY = {"runAsNonRoot", "runAsUser", "runAsGroup", "fsGroup", "seccompProfile"}
CONTAINER_SECURITY = {"allowPrivilegeEscalation", "readOnlyRootFilesystem", "capabilities"}
VOLUME = {"name", "configMap", "secret", "emptyDir"}
MOUNT = {"name", "mountPath", "readOnly"}


class SidecarTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        text = (ROOT / "deploy/kubernetes/sidecar.yaml").read_text(encoding="utf-8")
        cls.objects = {entry["kind"]: entry for entry in yaml.safe_load_all(text)}
        cls.deployment = cls.objects["Deployment"]
        cls.pod = cls.deployment["spec"]["template"]["spec"]
        cls.sidecar = cls.pod["initContainers"][0]
        cls.application = cls.pod["containers"][0]
        cls.configuration = yaml.safe_load(cls.objects["ConfigMap"]["data"]["loadstar.yaml"])

    def assert_fields(self, value, known, where):
        self.assertEqual(set(value) - known, set(), f"unknown fields of {where}")

    def test_every_field_is_spelt_as_kubernetes_spells_it(self):
        versions = {kind: entry["apiVersion"] for kind, entry in self.objects.items()}
        self.assertEqual(versions, {"ConfigMap": "v1", "Secret": "v1", "Deployment": "apps/v1"})
        self.assert_fields(self.deployment["spec"], {"replicas", "selector", "template"}, "spec")
        self.assert_fields(self.pod, POD, "pod")
        self.assert_fields(self.pod["securityContext"], POD_SECURITY, "pod securityContext")
        for container in self.pod["initContainers"] + self.pod["containers"]:
            name = container["name"]
            self.assert_fields(container, CONTAINER, name)
            self.assert_fields(container["securityContext"], CONTAINER_SECURITY, name)
            for mount in container["volumeMounts"]:
                self.assert_fields(mount, MOUNT, f"{name} volumeMounts")
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                self.assert_fields(container.get(probe, {}), PROBE, f"{name} {probe}")
        for volume in self.pod["volumes"]:
            self.assert_fields(volume, VOLUME, "volumes")

    def test_the_deployment_selects_its_own_pods(self):
        labels = self.deployment["spec"]["template"]["metadata"]["labels"]
        self.assertEqual(self.deployment["spec"]["selector"]["matchLabels"], labels)

    def test_loadstar_is_a_native_sidecar_before_the_application(self):
        self.assertEqual(self.sidecar["name"], "loadstar")
        self.assertEqual(self.sidecar["restartPolicy"], "Always")
        self.assertNotIn("restartPolicy", self.application)
        self.assertEqual(self.sidecar["args"], ["serve", "--config", "/etc/loadstar/loadstar.yaml"])
        self.assertNotIn("command", self.sidecar)  # the image's entry point

    def test_three_probes_ask_the_probe_port(self):
        port = int(self.configuration["admin"]["probe_listen"].rpartition(":")[2])
        declared = {entry["name"]: entry["containerPort"] for entry in self.sidecar["ports"]}
        paths = {}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            request = self.sidecar[probe]["httpGet"]
            self.assertEqual(declared[request["port"]], port, probe)
            paths[probe] = request["path"]
        self.assertEqual(
            paths, {"startupProbe": "/startupz", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
        )
        # A probe that only loopback answers fails: kubelet asks at the pod's address.
        self.assertTrue(self.configuration["admin"]["probe_listen"].startswith("0.0.0.0:"))
        self.assertTrue(all(address.startswith(("127.0.0.1:", "unix:")) for address in self.configuration["listen"]["grpc"]))

    def test_nothing_runs_as_root_or_writes_to_its_root(self):
        pod = self.pod["securityContext"]
        self.assertIs(pod["runAsNonRoot"], True)
        self.assertEqual(pod["runAsUser"], 65532)
        self.assertEqual(pod["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertIs(self.pod["automountServiceAccountToken"], False)
        for container in (self.sidecar, self.application):
            security = container["securityContext"]
            self.assertIs(security["readOnlyRootFilesystem"], True)
            self.assertIs(security["allowPrivilegeEscalation"], False)
            self.assertEqual(security["capabilities"], {"drop": ["ALL"]})
            self.assertIn("memory", container["resources"]["limits"])
            self.assertIn("memory", container["resources"]["requests"])

    def test_the_password_comes_from_the_secret_and_the_rest_from_the_map(self):
        volumes = {volume["name"]: volume for volume in self.pod["volumes"]}
        mounts = {mount["mountPath"]: mount for mount in self.sidecar["volumeMounts"]}
        file = pathlib.PurePosixPath(self.configuration["starrocks"]["password_file"])
        secret = mounts[str(file.parent)]
        self.assertEqual(volumes[secret["name"]]["secret"]["secretName"], self.objects["Secret"]["metadata"]["name"])
        self.assertIn(file.name, self.objects["Secret"]["stringData"])
        self.assertEqual(volumes[mounts["/etc/loadstar"]["name"]]["configMap"]["name"],
                         self.objects["ConfigMap"]["metadata"]["name"])
        self.assertNotIn("password", self.configuration["starrocks"])
        self.assertEqual({mount["name"] for mount in self.sidecar["volumeMounts"]}, set(volumes))
        # The runtime cannot make a mount point inside a read-only volume.
        for path in mounts:
            for other in mounts:
                self.assertFalse(path != other and path.startswith(other + "/"), f"{path} inside {other}")

    def test_the_grace_is_the_same_number_three_times(self):
        environment = {entry["name"]: entry["value"] for entry in self.sidecar["env"]}
        grace = self.pod["terminationGracePeriodSeconds"]
        self.assertEqual(environment["LOADSTAR_GRACE"], f"{grace}s")
        self.assertIn("LOADSTAR_GRACE", self.configuration["shutdown"]["grace"])
        deadline = int(self.configuration["shutdown"]["deadline"].removesuffix("s"))
        margin = int(self.configuration["shutdown"]["margin"].removesuffix("s"))
        self.assertLessEqual(deadline + margin, grace)

    def test_the_daemon_takes_the_configuration(self):
        environment = {entry["name"]: entry["value"] for entry in self.sidecar["env"]}
        with tempfile.TemporaryDirectory() as directory:
            password = pathlib.Path(directory, "password")
            password.write_text(self.objects["Secret"]["stringData"]["password"], encoding="utf-8")
            password.chmod(0o440)
            text = self.objects["ConfigMap"]["data"]["loadstar.yaml"]
            path = self.configuration["starrocks"]["password_file"]
            self.assertIn(path, text)
            file = pathlib.Path(directory, "loadstar.yaml")
            file.write_text(text.replace(path, str(password)), encoding="utf-8")
            done = subprocess.run([BINARY, "validate", file], env=environment, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            # Such as: no table is configured and unknown ones are refused, so that no batch is taken.
            self.assertEqual(done.stdout + done.stderr, f"{file}: good\n")
            # And it would notice: the same file without the environment of the container.
            bad = subprocess.run([BINARY, "validate", file], env={}, capture_output=True, text=True, timeout=60)
            self.assertEqual(bad.returncode, 78, bad.stdout + bad.stderr)
            self.assertIn("LOADSTAR_GRACE", bad.stdout + bad.stderr)


if __name__ == "__main__":
    unittest.main()
