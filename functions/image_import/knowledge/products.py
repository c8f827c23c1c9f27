"""Closed products other than routers and firewalls; see other_systems for why.

Source: titles in the appliance list of github.com/GNS3/gns3-registry, read 2026-11;
names observed in tests/data/image-names.jsonl; the rest is common knowledge.

Room: core.
"""

from image_import.knowledge.systems import appliance

STORAGE = (
    appliance("Ceph and MinIO boxes", "petasan", "quantastor", "softnas"),
    appliance("EMC, HPE storage", "unity vsa", "datadomain", "ddve", "storeonce",
              "storevirtual", "vsa emc", "isilon"),
    appliance("Nextcloud", "nextcloud", "owncloud", "nextcloudpi"),
    appliance("openmediavault", "open media vault"),
    appliance("QNAP", "qnap", "qutscloud", "quts"),
    appliance("Rockstor, EasyNAS", "rockstor", "easynas", "nas4free", "xigmanas",
              "casaos", "zimaos"),
    appliance("StarWind", "starwind", "starwindvsa"),
    appliance("Synology", "synology", "xpenology", "dsm", "vdsm", "redpill", "arpl"),
    appliance("TrueNAS", "true nas", "free nas"),
    appliance("Unraid", "unraid"),
    appliance("Veeam, Zerto", "veeam", "zerto", "rubrik", "cohesity", "nakivo",
              "commvault"),
)  # fmt: skip

HYPERVISORS = (
    appliance("Citrix Hypervisor", "xenserver", "citrix hypervisor", "xcp ng",
              "xen orchestra", "xoa"),
    appliance("CloudStack system VM", "systemvmtemplate", "system vm",
              "systemvmtemplate64", "devcloud", "devcloud2", "cloudstack",
              family="cloudstack-systemvm"),
    appliance("Harvester", "harvester"),
    appliance("Hyper-V tools", "azure migrate"),
    appliance("ManageIQ", "manageiq", "cloudforms", "cfme"),
    appliance("Nutanix", "nutanix", "acropolis", "phoenix nutanix", "prism central"),
    appliance("OpenNebula services", "service oneke",
              "service v router", "service wordpress", "service harbor",
              "service example", "opennebula", "one ke", "service wireguard",
              "service ray", family="opennebula-service"),
    appliance("oVirt", "ovirt node", "ovirt engine", "rhvh", "rhvm", "rhevm", "rhev"),
    appliance("Proxmox", "proxmox ve", "proxmox mailgateway", "proxmox mail",
              "proxmox backup", "pve", "pbs proxmox", family="proxmox"),
    appliance("VMware", "esxi", "vcenter", "vcsa", "nsx", "nsxt", "vrealize", "vrops",
              "vrli", "horizon view", "unified access gateway", "vco", "vra",
              "vcloud director"),
    appliance("Yunion", "yunion", "host deployer", "host convert", "cloudpods"),
)  # fmt: skip

SOFTWARE = (
    appliance("3CX, FreePBX", "3cx", "freepbx", "asterisk", "issabel", "elastix",
              "trixbox", "sangoma", "vitalpbx", "fusionpbx"),
    appliance("AlienVault, Splunk", "alienvault", "ossim", "splunk", "qradar", "wazuh",
              "graylog", "arcsight", "logrhythm"),
    appliance("GitLab, Jenkins", "gitlab", "jenkins", "artifactory", "harbor"),
    appliance("Home Assistant OS", "haos", "hassos", "home assistant",
              family="home-assistant"),
    appliance("innovaphone", "innovaphone", "ipva"),
    appliance("Metasploitable", "metasploitable", "metasploitable2", "vulnhub", "dvwa",
              "kioptrix"),
    appliance("Mail gateways", "mailcleaner", "efa", "scrollout", "ironport",
              "proofpoint", "zimbra", "kopano", "iredmail"),
    appliance("Nagios and others", "nagios", "nagiosxi", "centreon", "librenms",
              "observium", "checkmk", "prtg", "solarwinds", "eyesofnetwork", "ntopng",
              "cacti", "op5", "op5 monitor", "opennms", "icinga"),
    appliance("Nessus, OpenVAS", "nessus", "openvas", "greenbone", "gsm trial",
              "qualys", "tenable", "nexpose", "rapid7"),
    appliance("NethServer, Zentyal", "nethserver", "zentyal", "univention app"),
    appliance("PacketFence", "packetfence", "opencanary", "suricata", "selks", "zeek"),
    appliance("Pi-hole and kin", "pi hole", "adguard", "adguardhome"),
    appliance("SAP, Oracle images", "sap hana", "hana express", "oracle database",
              "oracle vm", "exadata", "apache kylin", "tmg back firewall"),
    appliance("Umbrel, YunoHost", "umbrel", "yunohost", "freedombox", "startos"),
    appliance("Zabbix", "zabbix", "zabbix appliance"),
)  # fmt: skip
